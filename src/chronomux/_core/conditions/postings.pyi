from typing import final

@final
class Pairs: ...
