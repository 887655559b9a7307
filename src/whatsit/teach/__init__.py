"""How gradient descent works: functions for teachers, and a course page."""
