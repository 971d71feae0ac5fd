"""The worker that delivers mail. It needs SMTP_URL and the scheduler's role; without an SMTP_URL it is not started."""

from workers.mail_boot import serve_mail

serve_mail()
