"""HDFS's checksum of local bytes, against the definition spelled out bit by bit and values that a NameNode gave."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagelake.cluster.webhdfs import checksum
from imagelake.cluster.webhdfs.checksum import Checksum, parse
from imagelake.errors import ImageLakeError


def _bitwise_crc32c(data: bytes) -> int:
    """Castagnoli's polynomial, reflected, a bit at a time."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def _by_definition(data: bytes, bytes_per_crc: int, bytes_per_block: int) -> str:
    """All in memory, in the order of the definition; Java's buffer has 32, 64, 128, ... bytes."""
    md5s = b""
    for begin in range(0, len(data), bytes_per_block):
        block = data[begin : begin + bytes_per_block]
        crcs = [_bitwise_crc32c(block[at : at + bytes_per_crc]) for at in range(0, len(block), bytes_per_crc)]
        md5s += hashlib.md5(b"".join(crc.to_bytes(4, "big") for crc in crcs)).digest()
    room = next(32 << doubled for doubled in range(30) if 32 << doubled >= len(md5s))
    return hashlib.md5(md5s + bytes(room - len(md5s))).hexdigest()


def _of(data: bytes, kind: Checksum, folder: Path) -> str:
    (folder / "file").write_bytes(data)
    return kind.of(folder / "file")


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=400), crcs=st.integers(1, 5), read_bytes=st.integers(1, 4))
def test_equals_the_definition_for_any_length_and_block(
    data: bytes, crcs: int, read_bytes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Blocks of any number of CRCs, the last one of any length, and any size of pieces read give the defined value."""
    folder = tmp_path_factory.mktemp("checksum")
    kind = Checksum("", "CRC32C", 16, 16 * crcs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checksum, "READ_BYTES", 16 * read_bytes)
        assert _of(data, kind, folder) == _by_definition(data, 16, 16 * crcs)


@pytest.mark.parametrize("blocks", [1, 2, 3, 4, 5, 8, 9])
def test_the_buffer_of_zeros_grows_with_the_blocks(blocks: int, tmp_path: Path) -> None:
    """Two blocks fill the first buffer, a third doubles it, and so on."""
    data = bytes(range(256)) * blocks
    assert _of(data, Checksum("", "CRC32C", 32, 256), tmp_path) == _by_definition(data, 32, 256)


def test_a_file_larger_than_a_piece_and_of_one_block(tmp_path: Path) -> None:
    """Without a block length the whole file is one block, however many pieces it is read in."""
    data = bytes(range(251)) * 4500
    assert len(data) > checksum.READ_BYTES
    crcs = [zlib.crc32(data[at : at + 512]).to_bytes(4, "big") for at in range(0, len(data), 512)]
    expected = hashlib.md5(hashlib.md5(b"".join(crcs)).digest() + bytes(16)).hexdigest()
    assert _of(data, Checksum("", "CRC32", 512, 0), tmp_path) == expected


def test_an_empty_file_has_the_checksum_that_hdfs_gives(tmp_path: Path) -> None:
    """As recorded from a NameNode: MD5 of 32 zeros, and CRCs of 0 bytes."""
    recorded = {
        "algorithm": "MD5-of-0MD5-of-0CRC32",
        "bytes": "00000000000000000000000070bc8f4b72a86921468bf8e8441dce5100000000",
        "length": 28,
    }
    kind = parse(recorded)
    assert kind.digest == "70bc8f4b72a86921468bf8e8441dce51" == hashlib.md5(bytes(32)).hexdigest()
    assert _of(b"", kind, tmp_path) == kind.digest


def test_an_answer_says_how_it_is_made() -> None:
    """Block length is CRCs a block times bytes a CRC; digits behind the announced length are left out."""
    answer = {
        "algorithm": "MD5-of-2048MD5-of-512CRC32C",
        "bytes": "000002000000000000000800ebe5d05f6e5e3269b2b6be86ffd7216200000000",
        "length": 28,
    }
    assert parse(answer) == Checksum("ebe5d05f6e5e3269b2b6be86ffd72162", "CRC32C", 512, 1 << 20)


@pytest.mark.parametrize(("name", "expected"), [("CRC32C", "e3069283"), ("CRC32", "cbf43926")])
def test_a_composite_checksum_is_the_crc_of_all_the_bytes(name: str, expected: str, tmp_path: Path) -> None:
    """The catalogued check values of both polynomials, for the digits 1 to 9."""
    kind = parse({"algorithm": f"COMPOSITE-{name}", "bytes": expected, "length": 4})
    assert kind.digest == expected
    assert _of(b"123456789", kind, tmp_path) == expected
    assert int("e3069283", 16) == _bitwise_crc32c(b"123456789")


def test_an_unknown_algorithm_is_named() -> None:
    """The message quotes it and lists the known ones."""
    with pytest.raises(ImageLakeError, match=r"'SHA-7'.*COMPOSITE-CRC32"):
        parse({"algorithm": "SHA-7", "bytes": "00", "length": 1})
