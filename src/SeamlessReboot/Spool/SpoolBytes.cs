using Microsoft.Win32.SafeHandles;

namespace SeamlessReboot.Spool;

/// <summary>
/// The bytes of a spool file, piece by piece: all of them may be more than one array holds. Pieces that were handed out stay as
/// they are. Read and not mapped, because a mapped file that is cut off, or whose disk fails, kills the process. Not thread-safe.
/// </summary>
internal sealed class SpoolBytes
{
    internal const int PieceLength = 1024 * 1024;
    private readonly SafeFileHandle? _file;
    private ReadOnlyMemory<byte> _piece;
    private long _pieceStart;

    internal SpoolBytes(ReadOnlyMemory<byte> whole)
    {
        _piece = whole;
        Length = whole.Length;
    }

    internal SpoolBytes(SafeFileHandle file)
    {
        _file = file;
        Length = RandomAccess.GetLength(file);
    }

    internal long Length { get; }

    /// <summary>These bytes in one piece. They have to be within <see cref="Length"/>.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    internal ReadOnlyMemory<byte> Read(long position, int length)
    {
        if (position < _pieceStart || position + length > _pieceStart + _piece.Length)
            Load(position, (int)Math.Min(Math.Max(length, PieceLength), Length - position));
        return _piece.Slice((int)(position - _pieceStart), length);
    }

    /// <summary>Where these bytes are next, or the end of the file.</summary>
    /// <exception cref="IOException">A piece cannot be read.</exception>
    internal long Find(ReadOnlySpan<byte> bytes, long from)
    {
        while (from <= Length - bytes.Length)
        {
            ReadOnlySpan<byte> piece = Read(from, (int)Math.Min(PieceLength, Length - from)).Span;
            int found = piece.IndexOf(bytes);
            if (found >= 0)
                return from + found;
            from += piece.Length - bytes.Length + 1; // they may lie across the end of the piece
        }

        return Length;
    }

    private void Load(long position, int length)
    {
        if (_file is null)
            throw new ArgumentOutOfRangeException(nameof(position));
        byte[] piece = GC.AllocateUninitializedArray<byte>(length);
        int read = 0, count;
        while (read < length && (count = RandomAccess.Read(_file, piece.AsSpan(read), position + read)) > 0)
            read += count;
        piece.AsSpan(read).Clear(); // it has become shorter since: what is missing fails its check
        (_piece, _pieceStart) = (piece, position);
    }
}
