using System.Diagnostics;
using System.Reflection;

namespace SeamlessReboot.CrashTests.Support;

/// <summary>The programs that are started, where the build has put them, and copies of them that stand for releases.</summary>
internal static class Programs
{
    public const string FaultsFile = "FAULTS";

    public static string CounterServer { get; } = Path.Combine(Built("CounterServerDirectory"), "CounterServer.dll");

    public static string Talker { get; } = Path.Combine(Built("TalkerDirectory"), "Talker.dll");

    public static string Angel { get; } = Path.Combine(Built("AngelDirectory"), "seamless-angel.dll");

    /// <summary>The dotnet host itself, for a unit file, which knows no PATH of ours.</summary>
    public static string Dotnet { get; } = Find("dotnet") is string found ? File.ResolveLinkTarget(found, returnFinalTarget: true)?.FullName ?? found : "dotnet";

    /// <summary>The interpreter itself, not what a version manager puts before it; null where there is none.</summary>
    public static string? Python { get; } = FindPython();

    /// <summary>A file of these tests.</summary>
    public static string OfTests(string name) => Path.Combine(AppContext.BaseDirectory, name);

    public static string InRepository(string path) => Path.Combine(Built("RepositoryDirectory"), path);

    /// <summary>Copies a program with all that lies beside it; with a fault if it is to be a bad release of CounterServer.</summary>
    /// <returns>The copy of the assembly.</returns>
    public static string Release(string assembly, string directory, string? fault = null)
    {
        string source = Path.GetDirectoryName(assembly)!;
        foreach (string file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(directory, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        if (fault is not null)
            File.WriteAllText(Path.Combine(directory, FaultsFile), fault + "\n");
        return Path.Combine(directory, Path.GetFileName(assembly));
    }

    private static string Built(string what) => Path.GetFullPath(typeof(Programs).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .First(a => a.Key == what).Value!, AppContext.BaseDirectory).TrimEnd('/');

    private static string? Find(string program) => Environment.GetEnvironmentVariable("PATH")!.Split(':')
        .Select(d => Path.Combine(d, program)).FirstOrDefault(File.Exists);

    private static string? FindPython()
    {
        if (Find("python3") is not string python)
            return null;
        ProcessStartInfo info = new(python, ["-c", "import sys; print(sys.executable)"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(info)!;
        string path = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0 && File.Exists(path) ? path : null;
    }
}
