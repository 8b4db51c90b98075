using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace SeamlessReboot.Spool;

/// <summary>Writes one spool file, record by record. Not thread-safe.</summary>
internal sealed class SpoolWriter : IBufferWriter<byte>, IDisposable
{
    internal const int DefaultCapacity = 2 * FlushAt;
    private const int FlushAt = 512 * 1024;
    private readonly uint _seed;
    private SafeFileHandle _file;
    private byte[] _buffer;
    private int _length;
    private long _flushed;
    private volatile bool _isAbandoned;

    internal SpoolWriter(SafeFileHandle file, ReadOnlySpan<byte> nonce, int capacity = DefaultCapacity)
        : this(file, SpoolFormat.Seed(nonce), capacity)
    {
        SpoolFormat.Magic.CopyTo(GetSpan(SpoolFormat.FileHeaderLength));
        nonce.CopyTo(_buffer.AsSpan(8));
        _length = SpoolFormat.FileHeaderLength;
    }

    private SpoolWriter(SafeFileHandle file, uint seed, int capacity)
    {
        _file = file;
        _seed = seed;
        _buffer = ArrayPool<byte>.Shared.Rent(capacity);
    }

    /// <summary>Goes on at the end of a file that was begun under this nonce.</summary>
    internal static SpoolWriter Continue(SafeFileHandle file, ReadOnlySpan<byte> nonce, int capacity) =>
        new(file, SpoolFormat.Seed(nonce), capacity) { _flushed = RandomAccess.GetLength(file) };

    internal int RecordCount { get; private set; }

    internal long Length => _flushed + _length;

    /// <summary>How long one record may be: all of it is in one array, when it is written and when it is read.</summary>
    internal int MostOfOne { get; init; } = Array.MaxLength;

    /// <summary>Asked once, when the file cannot be written to: where to go on, or null to give up.</summary>
    internal Func<IOException, SafeFileHandle?>? WhenFull { get; set; }

    /// <summary>Writes a record whose state is made by <paramref name="writeState"/>, straight into the buffer.</summary>
    /// <exception cref="IOException">The record is too large, or the disk is full.</exception>
    internal void Write(SpoolRecord record, Action<IBufferWriter<byte>>? writeState = null)
    {
        int start = _length;
        try
        {
            WriteBody(record, writeState);
        }
        catch
        {
            _length = start; // as if it had never been begun
            throw;
        }

        Span<byte> header = _buffer.AsSpan(start, SpoolFormat.RecordHeaderLength);
        Span<byte> body = _buffer.AsSpan(start + SpoolFormat.RecordHeaderLength, _length - start - SpoolFormat.RecordHeaderLength);
        BinaryPrimitives.WriteUInt32LittleEndian(header, SpoolFormat.Marker);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], SpoolFormat.Checksum(_seed, body));
        RecordCount++;
        if (_length >= FlushAt)
            Flush();
    }

    private void WriteBody(SpoolRecord record, Action<IBufferWriter<byte>>? writeState)
    {
        GetSpan(SpoolFormat.RecordHeaderLength);
        _length += SpoolFormat.RecordHeaderLength; // filled in at the end
        GetSpan(5)[0] = (byte)record.Kind;
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_length + 1), record.Fd);
        _length += 5;
        WriteBytes(Encoding.UTF8.GetBytes(record.Name));
        WriteBytes(Encoding.UTF8.GetBytes(record.Type));
        WriteBytes(record.Identity.Span);
        WriteBytes(record.Unread.Span);
        WriteBytes(record.Unsent.Span);
        WriteBytes(record.Progress.Span);
        if (writeState is null)
            this.Write(record.State.Span);
        else
            writeState(this);
    }

    /// <summary>Ends the file and makes sure that all of it arrived.</summary>
    /// <exception cref="IOException">The disk is full, or the file is shorter than what was written.</exception>
    internal void Finish()
    {
        Write(new SpoolRecord { Kind = SpoolRecordKind.End, Fd = RecordCount });
        Flush();
        long length = RandomAccess.GetLength(_file);
        if (length != _flushed)
            throw new IOException($"The spool file has {length} bytes where {_flushed} were written.");
    }

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsSpan(_length);
    }

    /// <summary>Somebody may still write into the buffer, so it must never be lent again.</summary>
    internal void Abandon() => _isAbandoned = true;

    public void Dispose()
    {
        if (!_isAbandoned)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }

        _file.Dispose();
    }

    private void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        Reserve(4L + bytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_length), bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_length + 4));
        _length += 4 + bytes.Length;
    }

    private void Reserve(long size)
    {
        long needed = _length + Math.Max(size, 256);
        if (needed > MostOfOne)
            throw new IOException($"It takes more than the {MostOfOne:N0} bytes that one record can hold. Let it have less state, or less unsent output.");
        if (needed <= _buffer.Length)
            return;
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(MostOfOne, Math.Max(2L * _buffer.Length, needed)));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    /// <summary>Gives what has been written to the file.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    internal void Flush()
    {
        try
        {
            RandomAccess.Write(_file, _buffer.AsSpan(0, _length), _flushed);
        }
        catch (IOException e) when (WhenFull is not null)
        {
            GoOnElsewhere(e);
        }

        _flushed += _length;
        _length = 0;
    }

    private void GoOnElsewhere(IOException failure)
    {
        SafeFileHandle other = WhenFull!(failure) ?? throw failure;
        WhenFull = null;
        byte[] piece = ArrayPool<byte>.Shared.Rent(FlushAt);
        int count;
        for (long position = 0; position < _flushed; position += count)
        {
            count = RandomAccess.Read(_file, piece.AsSpan(0, (int)Math.Min(piece.Length, _flushed - position)), position);
            if (count == 0)
                throw failure;
            RandomAccess.Write(other, piece.AsSpan(0, count), position);
        }

        ArrayPool<byte>.Shared.Return(piece);
        _file.Dispose();
        _file = other;
        RandomAccess.Write(_file, _buffer.AsSpan(0, _length), _flushed);
    }
}
