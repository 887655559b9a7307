"""What needs PyTorch: other backbones, training them, changing pictures at random, heat maps by gradients."""
