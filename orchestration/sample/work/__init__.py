"""What account managers and the back office do: visits, sales, orders, training, targets."""
