from typing import final

@final
class Noted: ...
