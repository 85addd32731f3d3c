"""What is remembered: subscribers, campaigns, and the ledger of deliveries; SQLAlchemy Core, no ORM."""
