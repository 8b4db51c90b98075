using System.Text;
using Mono.Unix.Native;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Daemon;

/// <summary>A file that lines are appended to. When it was moved away or removed, as logrotate does, the next line begins a new one.</summary>
/// <param name="path">Absolute.</param>
/// <param name="isOutput">It is also this process's stdout and stderr, which follow it to the new file.</param>
internal sealed class LogFile(string path, bool isOutput) : IDisposable
{
    private int _fd = -1;

    /// <summary>Opens a log for appending; closed by exec.</summary>
    /// <exception cref="SyscallException">It cannot be opened.</exception>
    internal static int OpenForAppending(string path) =>
        OpenFile.Open(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_APPEND | OpenFlags.O_NOCTTY, NativeConvert.FromOctalPermissionString("0640"));

    /// <returns>Why the line could not be written; null when it was.</returns>
    internal string? Write(string line) => Write(Encoding.UTF8.GetBytes(line + "\n"));

    /// <summary>Makes the file if it is not there.</summary>
    /// <returns>Why it could not be opened; null when it was.</returns>
    internal string? Touch() => Write([]);

    private string? Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            if (_fd >= 0 && !OpenFile.IsAt(_fd, path))
                Close();
            if (_fd < 0)
                Open();
            return OpenFile.Write(_fd, bytes) is int errno and not 0 ? new SyscallException("write", errno).Message : null;
        }
        catch (SyscallException e)
        {
            return e.Message;
        }
    }

    /// <summary>Gives the file to the user that the angel becomes.</summary>
    internal void GiveTo(uint user, uint group)
    {
        if (_fd >= 0)
            _ = Syscall.fchown(_fd, user, group);
    }

    public void Dispose() => Close();

    private void Open()
    {
        _fd = OpenForAppending(path);
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
