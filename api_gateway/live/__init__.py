"""What waiting people see: computed in the gateway from a snapshot of each queue and draw, without asking anybody."""
