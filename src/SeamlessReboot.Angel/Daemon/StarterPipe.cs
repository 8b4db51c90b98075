using System.Globalization;
using System.Text;
using Mono.Unix.Native;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Daemon;

/// <summary>
/// The daemon's end of the pipe to the command that has started it, which waits there to learn how the start went. One result is
/// written, and the pipe closed. An end without a result tells the starter that the angel itself has died.
/// </summary>
internal sealed class StarterPipe : IDisposable
{
    /// <summary>Tells a process that it is the daemon, and by which descriptor and pipe its starter waits: "FD:INODE".</summary>
    internal const string Variable = "SEAMLESS_ANGEL_STARTER";

    private readonly Lock _gate = new();
    private int _fd;

    private StarterPipe(int fd) => _fd = fd;

    /// <summary>
    /// Null when this process was not started by "run --daemon" in another one; then it is to detach. Erases the variable, so that
    /// no server gets it.
    /// </summary>
    /// <remarks>
    /// An angel that has replaced itself by its new version has the variable again, and no starter any more: the descriptor is
    /// closed, or is another file. A server under a daemon that runs "seamless-angel run --daemon" itself could have inherited the
    /// variable, but is the leader of no session.
    /// </remarks>
    internal static StarterPipe? Take()
    {
        string? value = Environment.GetEnvironmentVariable(Variable);
        Environment.SetEnvironmentVariable(Variable, null);
        if (value is null || AngelLibc.GetSession(0) != Environment.ProcessId)
            return null;
        string[] parts = value.Split(':');
        if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int fd) || !IsPipe(fd, parts[1]))
            return new StarterPipe(-1);
        // The server must not have it, or the starter would wait for the server's end.
        _ = Fd.TrySetCloseOnExec(fd, true);
        return new StarterPipe(fd);
    }

    /// <summary>What the variable says of a pipe that will be that descriptor in the daemon.</summary>
    internal static string Describe(int pipe, int fdInDaemon) =>
        Syscall.fstat(pipe, out Stat stat) == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{fdInDaemon}:{stat.st_ino}")
            : throw SyscallException.Last("fstat");

    internal void Ready(string text) => Tell(new StartResult(true, ExitCodes.Done, text));

    internal void Failed(int exitCode, string text) => Tell(new StartResult(false, exitCode, text));

    public void Dispose()
    {
        lock (_gate)
        {
            if (_fd >= 0)
                Fd.Close(_fd);
            _fd = -1;
        }
    }

    private void Tell(StartResult result)
    {
        lock (_gate)
        {
            // A starter that is gone does not matter; .NET ignores SIGPIPE.
            if (_fd >= 0)
                _ = OpenFile.Write(_fd, Encoding.UTF8.GetBytes(result.ToText()));
        }

        Dispose();
    }

    private static bool IsPipe(int fd, string inode) =>
        Syscall.fstat(fd, out Stat stat) == 0 && (stat.st_mode & FilePermissions.S_IFMT) == FilePermissions.S_IFIFO
        && stat.st_ino.ToString(CultureInfo.InvariantCulture) == inode;
}
