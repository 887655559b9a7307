"""`python -m whatsit.fastai1 old.ipynb`: anybody's notebook of fastai 1 gets today's imports."""
