"""What images of two axes and of three are called."""

IMAGES = {2: "images", 3: "volumes"}
ELEMENT = {2: "pixel", 3: "voxel"}
UNIT = {2: "px", 3: "voxels"}
