namespace SeamlessReboot.Posix;

/// <summary>
/// The runtime's diagnostics socket. Its name is made from PID and start time, which exec keeps, so the next image could not
/// bind it and dotnet-counters, -trace and -dump would be refused. It is moved aside before the exec and removed after.
/// </summary>
internal static class DiagnosticsSocket
{
    private const string Aside = ".before-reboot";

    /// <summary>Moves the socket aside; returns what moves it back.</summary>
    internal static Action MoveAside(HostProcess process)
    {
        string path = PathOf(process);
        if (!File.Exists(path))
            return () => { };
        File.Move(path, path + Aside, overwrite: true);
        return () => File.Move(path + Aside, path);
    }

    internal static void RemoveOld(HostProcess process) => File.Delete(PathOf(process) + Aside);

    private static string PathOf(HostProcess process) =>
        Path.Combine(Path.GetTempPath(), $"dotnet-diagnostic-{process.Pid}-{process.StartTime}-socket");
}
