using System.Text;
using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel.Monitoring;

/// <summary>Reads what is added to a file, even if it is truncated, moved away and created again.</summary>
internal sealed class FollowedFile : IDisposable
{
    private const int Chunk = 64 * 1024, LongestLine = 1024 * 1024;
    private readonly byte[] _buffer = new byte[Chunk];
    private readonly StringBuilder _unfinished = new();
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private FileStream? _stream;
    private FileIdentity _file;

    /// <summary>What is in the file now is skipped.</summary>
    internal FollowedFile(string path)
    {
        FilePath = path;
        if (TryOpen())
            _stream!.Position = _stream.Length;
    }

    internal string FilePath { get; }

    /// <summary>The lines that were added since the last call, some 64 KiB at a time, and the beginning of one whose end is not written yet.</summary>
    /// <returns>False when there is nothing new.</returns>
    internal bool TryReadLines(out IReadOnlyList<string> lines)
    {
        lines = [];
        try
        {
            if (_stream is null && !TryOpen())
                return false;
            if (_stream!.Position > _stream.Length)
                Restart();
            int read = _stream.Read(_buffer);
            if (read > 0)
            {
                lines = Split(read);
                return true;
            }

            // The old file is read to its end before the new one is begun.
            return IsReplaced() && Reopen() && TryReadLines(out lines);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public void Dispose() => _stream?.Dispose();

    private List<string> Split(int read)
    {
        char[] text = new char[Encoding.UTF8.GetMaxCharCount(read)];
        int length = _decoder.GetChars(_buffer.AsSpan(0, read), text, flush: false);
        List<string> lines = [];
        ReadOnlySpan<char> rest = text.AsSpan(0, length);
        for (int end = rest.IndexOf('\n'); end >= 0; end = rest.IndexOf('\n'))
        {
            _unfinished.Append(rest[..end]);
            lines.Add(_unfinished.ToString().TrimEnd('\r'));
            _unfinished.Clear();
            rest = rest[(end + 1)..];
        }

        if (_unfinished.Length + rest.Length > LongestLine)
            _unfinished.Clear();
        _unfinished.Append(rest);
        if (_unfinished.Length > 0)
            lines.Add(_unfinished.ToString());
        return lines;
    }

    private bool TryOpen()
    {
        // A log may be a symlink: it is only read. To open a pipe would wait for its writer, and a device may do anything.
        using Node? found = Node.Find(FilePath, followLink: true);
        if (found is not { IsFile: true })
            return false;
        try
        {
            _stream = new FileStream(new SafeFileHandle(found.Open(Node.ReadOnly), true), FileAccess.Read, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        _file = found.Identity;
        return true;
    }

    private bool IsReplaced()
    {
        using Node? found = Node.Find(FilePath, followLink: true);
        return found is not null && found.Identity != _file;
    }

    private bool Reopen()
    {
        _stream?.Dispose();
        _stream = null;
        Forget();
        return TryOpen();
    }

    private void Restart()
    {
        _stream!.Position = 0;
        Forget();
    }

    private void Forget()
    {
        _unfinished.Clear();
        _decoder.Reset();
    }
}
