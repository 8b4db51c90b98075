using System.Globalization;
using System.Reflection;

namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>The server program that the tests start, and copies of it that stand for releases.</summary>
internal static class Builds
{
    public const string Assembly = "TestServer.dll", AppHost = "TestServer";

    /// <summary>Where the build has put it.</summary>
    public static string Directory { get; } = Path.GetFullPath(typeof(Builds).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .First(a => a.Key == "TestServerDirectory").Value!, AppContext.BaseDirectory).TrimEnd('/');

    public static string Server { get; } = Path.Combine(Directory, Assembly);

    /// <summary>A release in a directory of its own, that says this version of itself.</summary>
    public static string Release(string directory, int version)
    {
        System.IO.Directory.CreateDirectory(directory);
        foreach (string file in System.IO.Directory.GetFiles(Directory, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(directory, Path.GetRelativePath(Directory, file));
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        File.WriteAllText(Path.Combine(directory, "version.txt"), version.ToString(CultureInfo.InvariantCulture));
        return directory;
    }

    /// <summary>Where the dotnet host is, for programs that look for it themselves.</summary>
    public static string DotnetRoot { get; } = Path.GetDirectoryName(Environment.ProcessPath is string host && Path.GetFileName(host) == "dotnet"
        ? File.ResolveLinkTarget(host, returnFinalTarget: true)?.FullName ?? host
        : Path.GetFullPath("../../..", Path.GetDirectoryName(typeof(object).Assembly.Location)!) + "/dotnet")!;
}
