"""What the property of reads is tested with: a world, random operations, and who may see what."""
