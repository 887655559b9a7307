"""What needs PyTorch: other backbones, training them, changing pictures at random, heat maps by gradients."""

GROUPS = 3  # of layers: the backbone's early ones, its late ones, the head
