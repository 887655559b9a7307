"""The names of fast.ai's course v3, lesson 2, over today's core."""
