"""STS: who asks. A cloud has one account and in it one who asks, its owner."""
