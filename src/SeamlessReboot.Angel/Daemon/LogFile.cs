using System.Text;
using Mono.Unix.Native;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Daemon;

/// <summary>A file that lines are appended to. When it was moved away or removed, as logrotate does, the next line begins a new one.</summary>
/// <param name="path">Absolute.</param>
/// <param name="isOutput">It is also this process's stdout and stderr, which follow it to the new file.</param>
/// <param name="user">Whom a file belongs to that root makes here; null: root.</param>
internal sealed class LogFile(string path, bool isOutput, User? user = null) : IDisposable
{
    private int _fd = -1;

    /// <returns>Why the line could not be written; null when it was.</returns>
    internal string? Write(string line) => Write(Encoding.UTF8.GetBytes(line + "\n"));

    /// <summary>Opens the file, which otherwise the first line does.</summary>
    /// <returns>Why it could not be opened; null when it was.</returns>
    internal string? Open() => Write([]);

    private string? Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            if (_fd >= 0 && !OpenFile.IsAt(_fd, path))
                Close();
            if (_fd < 0)
                Reopen();
            return OpenFile.Write(_fd, bytes) is int errno and not 0 ? new SyscallException("write", errno).Message : null;
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    public void Dispose() => Close();

    private void Reopen()
    {
        uint caller = DirectoryHandle.CurrentUser();
        using Place place = Place.Find(path);
        _fd = place.OpenFile(Node.Append, mode: 0x1A0, user?.Id ?? caller, out bool isNew);
        if (isNew && user is not null && user.Id != caller)
            _ = Syscall.fchown(_fd, user.Id, user.Group);
        if (!isOutput)
            return;
        for (int standard = 1; standard <= 2; standard++)
            if (!OpenFile.IsAt(standard, path))
                _ = AngelLibc.Dup2(_fd, standard);
    }

    private void Close()
    {
        if (_fd >= 0)
            Fd.Close(_fd);
        _fd = -1;
    }
}
