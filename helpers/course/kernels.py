"""The kernels that `make lab` starts: Jupyter's own "Python 3", which also explains a name that is not there.

The reader's Jupyter stays as it is: nothing is installed, and other kernels start as they always do.
"""

import sys

from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager

__all__ = ["CourseKernels"]

_VERSIONS = "", f"{sys.version_info[0]}", f"{sys.version_info[0]}.{sys.version_info[1]}"
_OWN = {sys.executable, *(f"python{version}" for version in _VERSIONS)}
_EXTENSION = "--IPKernelApp.extra_extensions=helpers.course.missing_names"


class CourseKernels(KernelSpecManager):
    """Finds what Jupyter finds; this environment's own kernel loads one extension more."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """As Jupyter's. A reader's "python3" of another environment, which has no helpers, is left alone."""
        spec = super().get_kernel_spec(kernel_name)
        is_native = kernel_name.lower() == NATIVE_KERNEL_NAME and "ipykernel_launcher" in spec.argv
        if is_native and spec.argv[0] in _OWN:  # which Jupyter takes for the Python that it runs in
            spec.argv = [*spec.argv, _EXTENSION]
        return spec
