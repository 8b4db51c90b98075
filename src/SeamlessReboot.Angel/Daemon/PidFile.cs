using System.Globalization;
using System.Text;
using Mono.Unix.Native;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Daemon;

/// <summary>
/// A file with this process's number, locked as long as the process lives. The lock belongs to the descriptor: it goes with it
/// through an exec, and the kernel releases it however the process ends, so that a file left behind can be told from one in use.
/// </summary>
internal sealed class PidFile : IDisposable
{
    private bool _disposed;

    private PidFile(string path, int fd)
    {
        FilePath = path;
        Fd = fd;
    }

    internal string FilePath { get; }

    /// <summary>Holds the lock; closed by exec. To keep the lock over an exec, keep it open and <see cref="Adopt"/> it in the new image.</summary>
    internal int Fd { get; }

    /// <summary>Why the number could not be written although the lock is held, as when the disk is full; else null.</summary>
    internal string? Complaint { get; private set; }

    /// <summary>Takes the file, a stale one too.</summary>
    /// <exception cref="AngelException">Another process holds it, it is no pid file, or the system refuses it.</exception>
    internal static PidFile Take(string path)
    {
        while (true)
        {
            int fd = Open(path);
            if (!FileLock.TryTake(fd))
            {
                int? holder = Number(OpenFile.Read(fd));
                CloseFd(fd);
                throw new AngelException(ExitCodes.AlreadyRunning, holder is int pid
                    ? $"process {pid.ToString(CultureInfo.InvariantCulture)} is already running: it holds '{path}'."
                    : $"another process holds '{path}' and has not written its PID yet.");
            }

            // Its last holder may have removed it between our open and our lock: then this is a file without a name, which no other process finds.
            if (!OpenFile.IsAt(fd, path))
            {
                CloseFd(fd);
                continue;
            }

            string before = OpenFile.Read(fd);
            if (before.Trim().Length > 0 && Number(before) is null)
            {
                CloseFd(fd);
                throw new AngelException(ExitCodes.Usage, $"'{path}' is not a pid file: it contains something else. Name another file, or remove that one.");
            }

            PidFile file = new(path, fd);
            file.WriteNumber();
            return file;
        }
    }

    /// <summary>Takes over the descriptor that came through an exec; the lock is held by it already.</summary>
    internal static PidFile Adopt(string path, int fd)
    {
        _ = SeamlessReboot.Posix.Fd.TrySetCloseOnExec(fd, true);
        return new PidFile(path, fd);
    }

    /// <summary>What a pid file says, and whether a living process says it.</summary>
    internal static PidFileState Inspect(string path)
    {
        int fd = Syscall.open(path, OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC | OpenFlags.O_NOFOLLOW);
        if (fd < 0)
            return new PidFileState(Stdlib.GetLastError() is not (Errno.ENOENT or Errno.ENOTDIR), false, null, false);
        bool held = FileLock.IsHeld(fd);
        int? pid = Number(OpenFile.Read(fd));
        CloseFd(fd);
        return new PidFileState(true, true, pid, held);
    }

    /// <summary>Removes the file, or empties it where the directory does not let us; releases the lock.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        if (OpenFile.IsAt(Fd, FilePath) && Syscall.unlink(FilePath) != 0)
            _ = Syscall.ftruncate(Fd, 0);
        CloseFd(Fd);
    }

    /// <summary>Gives the file to the user that the angel becomes, who can then at least empty it.</summary>
    internal void GiveTo(uint user, uint group) => _ = Syscall.fchown(Fd, user, group);

    private static int Open(string path)
    {
        try
        {
            return OpenFile.Open(path, OpenFlags.O_RDWR | OpenFlags.O_CREAT | OpenFlags.O_NOFOLLOW, NativeConvert.FromOctalPermissionString("0644"));
        }
        catch (SyscallException e)
        {
            string remedy = e.Errno == (int)Errno.ENOENT ? " Its directory has to exist." : "";
            throw new AngelException(ExitCodes.SystemTrouble, $"the pid file cannot be opened: {e.Message}.{remedy}", e);
        }
    }

    private void WriteNumber()
    {
        byte[] line = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n"));
        _ = Syscall.ftruncate(Fd, 0);
        _ = Syscall.lseek(Fd, 0, SeekFlags.SEEK_SET);
        if (OpenFile.Write(Fd, line) is int errno and not 0)
            Complaint = $"the pid file '{FilePath}' is locked, but cannot be written: {new SyscallException("write", errno).Message}.";
    }

    private static int? Number(string text) =>
        int.TryParse(text.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pid > 0 ? pid : null;

    private static void CloseFd(int fd) => SeamlessReboot.Posix.Fd.Close(fd);
}
