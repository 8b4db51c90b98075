using System.Globalization;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Descriptors;

/// <summary>
/// What programs written for other socket holders look for, beside LISTEN_FDS. socketmaster and old einhorn: EINHORN_FDS, numbers with
/// a blank between. einhorn: EINHORN_FD_COUNT, EINHORN_FD_0..., EINHORN_FD_FAMILY_0..., believed only by a process whose parent
/// is EINHORN_MASTER_PID. A worker of einhorn tells its master that it is ready by a line with "worker:ack" to the socket at
/// EINHORN_SOCK_PATH, and may fail without one: it gets the control socket.
/// </summary>
internal static class PassedVariables
{
    private const int Unix = 1, Inet6 = 10;

    /// <summary>Empty where there is no listener.</summary>
    /// <param name="listeners">In the order in which they are passed.</param>
    /// <param name="firstFd">The first one's number in the server; the others follow it.</param>
    /// <param name="angel">The process that starts the server.</param>
    /// <param name="controlSocket">The path of the angel's control socket.</param>
    internal static IReadOnlyDictionary<string, string> ForEinhorn(IReadOnlyList<HeldListener> listeners, int firstFd, int angel, string controlSocket)
    {
        Dictionary<string, string> variables = [];
        if (listeners.Count == 0)
            return variables;
        List<string> numbers = [.. Enumerable.Range(firstFd, listeners.Count).Select(fd => fd.ToString(CultureInfo.InvariantCulture))];
        variables["EINHORN_FDS"] = string.Join(' ', numbers);
        variables["EINHORN_FD_COUNT"] = listeners.Count.ToString(CultureInfo.InvariantCulture);
        variables["EINHORN_MASTER_PID"] = angel.ToString(CultureInfo.InvariantCulture);
        variables["EINHORN_SOCK_PATH"] = controlSocket;
        for (int i = 0; i < listeners.Count; i++)
        {
            variables[string.Create(CultureInfo.InvariantCulture, $"EINHORN_FD_{i}")] = numbers[i];
            variables[string.Create(CultureInfo.InvariantCulture, $"EINHORN_FD_FAMILY_{i}")] = Family(listeners[i].Fd);
        }

        return variables;
    }

    private static string Family(int fd) => SocketKernel.Kind(fd)?.Domain switch
    {
        Unix => "AF_UNIX",
        Inet6 => "AF_INET6",
        _ => "AF_INET",
    };
}
