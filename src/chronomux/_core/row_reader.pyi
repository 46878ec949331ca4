from typing import final

@final
class RowReader: ...
