from typing_extensions import disjoint_base

@disjoint_base
class FrameBuilder:
    def __new__(cls) -> FrameBuilder: ...
