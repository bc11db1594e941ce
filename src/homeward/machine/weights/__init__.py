"""What a model's weights take: its tensors, their types in each named mix, their bytes."""
