"""The course's page in a browser, with data as `whatsit teach` writes it."""
