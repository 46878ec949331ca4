"""Blobs: pickles of protocol 5 by the C pickler, or by dill where that cannot."""

from cpython.buffer cimport PyBUF_READ
from cpython.memoryview cimport PyMemoryView_FromMemory

import copyreg
import sys
from io import BytesIO
from pickle import Pickler, PicklingError, UnpicklingError, loads

from chronomux.errors import FrameError

cdef enum:
    LARGE = 1 << 15  # bytes of a buffer that does not go into a pickle
    MOST_BUFFERS = 15  # two pieces of a frame each

# Reducers of multiprocessing (connections, sockets, ...) beside everyone's, and how
# many of each there were. A merged dict: C asks it faster than a ChainMap.
cdef dict _reducers = {}
cdef Py_ssize_t _general = 0, _extra = 0


cdef dict reducers():
    """The reducers that an object on a multiprocessing.Queue has, or None."""
    global _reducers, _general, _extra
    cdef dict general = copyreg.dispatch_table, extra
    reduction = sys.modules.get("multiprocessing.reduction")
    if reduction is None:
        return None
    extra = reduction.ForkingPickler._extra_reducers
    if len(general) != _general or len(extra) != _extra:
        _reducers = {**general, **extra}
        _general, _extra = len(general), len(extra)
    return _reducers


cdef object keeper_of(list buffers):
    """What a pickler asks of each buffer: true for one that shall be in the pickle."""

    def keep(buffer):
        cdef object view = buffer.raw()
        # What somebody made of plain bytes himself comes back as plain bytes.
        if (
            view.nbytes < LARGE
            or len(buffers) == MOST_BUFFERS
            or isinstance(memoryview(buffer).obj, (bytes, bytearray, memoryview))
        ):
            return True
        buffers.append(view)
        return False

    return keep


cdef bytes dump_blob(object item, bint* by_dill, list buffers):
    by_dill[0] = False
    # A new pickler each time: reducers are anyone's code and may come back here.
    file = BytesIO()
    pickler = Pickler(file, 5, buffer_callback=keeper_of(buffers))
    table = reducers()
    if table is not None:
        pickler.dispatch_table = table
    try:
        pickler.dump(item)
        return file.getvalue()
    except (PicklingError, AttributeError, TypeError) as error:
        by_dill[0] = True
        buffers.clear()
        return dump_with_dill(item, error)


cdef bytes dump_with_dill(object item, object error):
    """Lambdas, local classes and the like; `error` is why pickle could not."""
    try:
        import dill
    except ImportError:
        raise error
    try:
        return dill.dumps(item, protocol=5)
    except Exception:
        raise error


cdef object load_blob(
    const char* data, Py_ssize_t size, bint by_dill, list buffers
):
    # A pickle runs what it says: bytes that cannot be one are not tried.
    if size < 3 or data[0] != b"\x80" or data[1] > 5 or data[size - 1] != b".":
        raise FrameError(
            "damaged frame: a pickle is malformed; get it again from its producer"
        )
    view = PyMemoryView_FromMemory(<char*>data, size, PyBUF_READ)
    try:
        if by_dill:
            import dill

            return dill.loads(bytes(view))
        return loads(view, buffers=buffers)
    except (UnpicklingError, EOFError) as error:
        raise FrameError(
            f"damaged frame: a pickle is malformed ({error}); "
            "get it again from its producer"
        ) from error
    finally:
        view.release()
