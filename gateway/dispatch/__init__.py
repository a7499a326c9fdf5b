"""Work that is due: taking it from the queue, sending it at the vendor's rate, and waking what waits."""
