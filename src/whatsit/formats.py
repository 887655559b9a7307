"""What files of pictures are called."""

SUFFIX_OF = {  # what a file of a format is called
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "GIF": ".gif",
    "BMP": ".bmp",
    "TIFF": ".tif",
    "AVIF": ".avif",
}
# Cameras' own files, TIFF inside: left to their own programs.
RAW = frozenset((".nef", ".cr2", ".cr3", ".arw", ".dng", ".orf", ".rw2", ".pef", ".srw", ".raf"))
PICTURES = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
NOT_READ = {".heic": "HEIC", ".heif": "HEIC", ".dcm": "DICOM"}  # recognized and explained
SUFFIXES = frozenset((*PICTURES, *NOT_READ))
NOT_THE_USERS = ("@eaDir", "__MACOSX")  # folders of thumbnails that a NAS or a Mac's zip puts beside pictures


def is_hidden(name: str) -> bool:
    """Whether a file or folder is not meant to be seen, by its name."""
    return name.startswith(".") or name in NOT_THE_USERS
