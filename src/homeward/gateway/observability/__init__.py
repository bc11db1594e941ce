"""What was decided and what it took, for whoever looks at it afterwards."""
