"""The gateway on one machine with its vendors simulated: no account, no set-up, receipts that really arrive."""
