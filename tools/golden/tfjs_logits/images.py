"""Write the images of the fixture, and the same images at the network's size.

    python images.py ARCHIVE images.bin upscaled.bin

ARCHIVE is a CIFAR-100 binary archive (`cifar-100-binary.tar.gz`). Test records
0 to 3 go to images.bin as uint8 [4, 32, 32, 3] (HWC, RGB) and to upscaled.bin as
uint8 [4, 224, 224, 3], upscaled with OpenCV's INTER_CUBIC.
"""

import sys
import tarfile

import cv2
import numpy as np

IMAGES = 4
RECORD = 2 + 3 * 32 * 32  # coarse label, fine label, planes R, G, B
SIZE = 224

archive, images_path, upscaled_path = sys.argv[1:]
with tarfile.open(archive) as tar:
    records = tar.extractfile("cifar-100-binary/test.bin").read(IMAGES * RECORD)
planes = np.frombuffer(records, np.uint8).reshape(IMAGES, RECORD)[:, 2:]
images = planes.reshape(IMAGES, 3, 32, 32).transpose(0, 2, 3, 1)
upscaled = [
    cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    for image in np.ascontiguousarray(images)
]
images.tofile(images_path)
np.stack(upscaled).tofile(upscaled_path)
print(f"opencv {cv2.__version__}, numpy {np.__version__}")
