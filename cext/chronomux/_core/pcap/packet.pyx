"""Packets as mappings whose layers are looked at only when asked for."""

from collections.abc import ItemsView, KeysView, Mapping, ValuesView

cimport cython

from chronomux._core.pcap.layers cimport LAYERS, layers_of

cdef tuple OWN = ("timestamp", "data", "length", "interface", "linktype")
cdef frozenset OWN_KEYS = frozenset(OWN)


@cython.final
@cython.no_gc
@cython.freelist(256)
cdef class Packet:
    """An immutable mapping of what was recorded, and of the layers found in it.

    timestamp: ns since 1970 (UTC), or None; data: the bytes recorded; length: how many
    there were on the wire; interface: its number, counted from 0 through all sections;
    linktype: LINKTYPE_ number, 1 for Ethernet. These five are attributes too.

    Layers are dicts: 'eth', 'vlan', 'sll', 'ip' (of either version), 'udp', 'tcp',
    'icmp'. A layer is there if all of its header was recorded.
    """

    def __init__(
        self, timestamp, bytes data not None, length=None, interface=0, linktype=1
    ):
        self.timestamp = None if timestamp is None else int(timestamp)
        self.data = data
        self.length = len(data) if length is None else length
        self.interface = interface
        self.linktype = linktype

    cdef dict layers(self):
        if self.found is None:
            self.found = layers_of(self.data, self.linktype)
        return self.found

    cdef dict as_dict(self):
        cdef dict every = {
            "timestamp": self.timestamp,
            "data": self.data,
            "length": self.length,
            "interface": self.interface,
            "linktype": self.linktype,
        }
        for name, layer in self.layers().items():
            every[name] = dict(layer)  # whoever changes it changes no packet
        return every

    def __getitem__(self, key):
        if key in LAYERS:
            return dict(self.layers()[key])
        if key in OWN_KEYS:
            return getattr(self, key)
        raise KeyError(key)

    def __contains__(self, key):
        return key in OWN_KEYS or (key in LAYERS and key in self.layers())

    def get(self, key, default=None):
        """The value of a key, or `default` if the packet has no such key."""
        return self[key] if key in self else default

    def __len__(self):
        return len(OWN) + len(self.layers())

    def __iter__(self):
        return iter((*OWN, *self.layers()))

    def keys(self):
        """The five that every packet has, and the names of its layers."""
        return KeysView(self)

    def values(self):
        """The values of the keys."""
        return ValuesView(self)

    def items(self):
        """The keys with their values."""
        return ItemsView(self)

    def __eq__(self, other):
        if isinstance(other, Packet):
            return self.__reduce__() == other.__reduce__()
        if isinstance(other, Mapping):
            return self.as_dict() == dict(other)
        return NotImplemented

    def __hash__(self):
        return hash(self.__reduce__())

    def __repr__(self):
        return f"Packet({self.as_dict()!r})"

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        own = (self.timestamp, self.data, self.length, self.interface, self.linktype)
        return Packet, own


Mapping.register(Packet)
