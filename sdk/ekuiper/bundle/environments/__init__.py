"""Where a packed plugin finds what it imports: four ways, one file each."""
