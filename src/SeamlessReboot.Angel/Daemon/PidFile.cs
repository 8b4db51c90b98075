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
    private readonly string _path;
    private Place? _place;
    private bool _disposed;

    private PidFile(string path, Place? place, int fd)
    {
        _path = path;
        _place = place;
        Fd = fd;
    }

    /// <summary>Holds the lock; closed by exec. To keep the lock over an exec, keep it open and <see cref="Adopt"/> it in the new image.</summary>
    internal int Fd { get; }

    /// <summary>Why the number could not be written although the lock is held, as when the disk is full; else null.</summary>
    internal string? Complaint { get; private set; }

    /// <summary>Takes the file, a stale one too: one that is empty, or holds a number and nothing else.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="user">Whom a stale file may belong to, besides root and this user.</param>
    /// <exception cref="AngelException">Another process holds it, it is no pid file, or the system refuses it.</exception>
    internal static PidFile Take(string path, uint user)
    {
        Place place = Find(path);
        try
        {
            return Take(path, place, user);
        }
        catch
        {
            place.Dispose();
            throw;
        }
    }

    private static PidFile Take(string path, Place place, uint user)
    {
        while (true)
        {
            int fd = Open(place, user);
            if (!FileLock.TryTake(fd))
            {
                int? holder = Number(OpenFile.Read(fd));
                CloseFd(fd);
                throw Held(path, holder);
            }

            // Its last holder may have removed it between our open and our lock: then this is a file without a name, which no other process finds.
            if (!place.LeadsTo(fd))
            {
                CloseFd(fd);
                continue;
            }

            string before = OpenFile.Read(fd);
            // A file of /proc has no size, and a number that means something.
            if ((before.Trim().Length > 0 && Number(before) is null) || Syscall.fstat(fd, out Stat stat) != 0 || stat.st_size < before.Length)
            {
                CloseFd(fd);
                throw new AngelException(ExitCodes.Usage, $"'{path}' is not a pid file: it contains something else. Name another file, or remove that one.");
            }

            PidFile file = new(path, place, fd);
            file.WriteNumber();
            return file;
        }
    }

    /// <summary>Takes over the descriptor that came through an exec; the lock is held by it already.</summary>
    internal static PidFile Adopt(string path, int fd)
    {
        _ = SeamlessReboot.Posix.Fd.TrySetCloseOnExec(fd, true);
        Place? place = null;
        try
        {
            place = Place.Find(path);
        }
        catch (IOException)
        {
            // The way to it is closed to the user that the angel is by now. At the end the file is emptied.
        }

        return new PidFile(path, place, fd);
    }

    /// <summary>What a pid file says, and whether a living process says it.</summary>
    internal static PidFileState Inspect(string path)
    {
        using Node? found = Node.Find(path, out int errno);
        if (found is null)
            return new PidFileState((Errno)errno is not (Errno.ENOENT or Errno.ENOTDIR), false, null, false);
        try
        {
            if (!found.IsFile)
                return new PidFileState(true, false, null, false);
            int fd = found.Open(Node.ReadOnly);
            bool held = FileLock.IsHeld(fd);
            int? pid = Number(OpenFile.Read(fd));
            CloseFd(fd);
            return new PidFileState(true, true, pid, held);
        }
        catch (SyscallException)
        {
            return new PidFileState(true, false, null, false);
        }
    }

    /// <summary>Before root becomes another user: that one gets no hold of root's directory. At the end the file is emptied.</summary>
    internal void LetGoOfDirectory()
    {
        _place?.Dispose();
        _place = null;
    }

    /// <exception cref="AngelException">A living process holds it.</exception>
    internal static void CheckIsFree(string path)
    {
        if (Inspect(path) is { Held: true } state)
            throw Held(path, state.Pid);
    }

    /// <summary>Removes the file, or empties it where the directory does not let us; releases the lock.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        if (_place?.Remove(Fd) != true)
            _ = Syscall.ftruncate(Fd, 0);
        _place?.Dispose();
        CloseFd(Fd);
    }

    private static Place Find(string path)
    {
        try
        {
            return Place.Find(path);
        }
        catch (IOException e)
        {
            throw CannotOpen(e);
        }
    }

    private static int Open(Place place, uint user)
    {
        try
        {
            return place.OpenFile(Node.ReadWrite, mode: 0x1A4, user, out _);
        }
        catch (IOException e)
        {
            throw CannotOpen(e);
        }
    }

    private static AngelException CannotOpen(IOException e)
    {
        string remedy = e is SyscallException { Errno: (int)Errno.ENOENT } ? " Its directory has to exist." : "";
        return new AngelException(ExitCodes.SystemTrouble, $"the pid file cannot be opened: {e.Message}.{remedy}", e);
    }

    private static AngelException Held(string path, int? holder) => new(ExitCodes.AlreadyRunning, holder is int pid
        ? $"process {pid.ToString(CultureInfo.InvariantCulture)} is already running: it holds '{path}'."
        : $"another process holds '{path}' and has not written its PID yet.");

    private void WriteNumber()
    {
        byte[] line = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n"));
        _ = Syscall.ftruncate(Fd, 0);
        _ = Syscall.lseek(Fd, 0, SeekFlags.SEEK_SET);
        if (OpenFile.Write(Fd, line) is int errno and not 0)
            Complaint = $"the pid file '{_path}' is locked, but cannot be written: {new SyscallException("write", errno).Message}.";
    }

    private static int? Number(string text) =>
        int.TryParse(text.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pid > 0 ? pid : null;

    private static void CloseFd(int fd) => SeamlessReboot.Posix.Fd.Close(fd);
}
