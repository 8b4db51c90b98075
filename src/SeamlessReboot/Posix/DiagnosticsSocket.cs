namespace SeamlessReboot.Posix;

/// <summary>
/// The runtime's diagnostics socket. Its name is made from PID and start time, which exec keeps, so the next image could not
/// bind it and dotnet-counters, -trace and -dump would be refused. It is moved aside before the exec and removed after.
/// </summary>
internal static class DiagnosticsSocket
{
    private const string Aside = ".before-reboot";

    internal static string? MoveAside(string directory)
    {
        foreach (string path in Find(directory, "-socket"))
        {
            File.Move(path, path + Aside, overwrite: true);
            return path;
        }

        return null;
    }

    internal static void MoveBack(string path) => File.Move(path + Aside, path);

    internal static void RemoveOld(string directory)
    {
        foreach (string path in Find(directory, "-socket" + Aside))
            File.Delete(path);
    }

    private static string[] Find(string directory, string ending)
    {
        try
        {
            return Directory.GetFiles(directory, $"dotnet-diagnostic-{Environment.ProcessId}-*{ending}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
