import time
from tests.support.house import House
def test_it(house: House):
    hall=house.hall
    for rate in (600, 600_000, 60):
        q = hall.queue(admitRate=rate)
        g = hall.entered(q)
        t=time.monotonic(); last=None
        while time.monotonic()-t<4:
            s=hall.state(q,g["accessToken"])
            if s["status"]!=last: print("STATE",rate,round(time.monotonic()-t,3), s["status"], s.get("position"), s.get("seq")); last=s["status"]
            time.sleep(0.02)
            if "admissionGrant" in s: break
        print("KEPT", {k:v for k,v in hall.admin("GET",f"/queues/{q['id']}").json().items() if 'ount' in k or 'rants' in k})
