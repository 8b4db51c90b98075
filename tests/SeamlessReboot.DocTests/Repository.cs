using System.Runtime.CompilerServices;

namespace SeamlessReboot.DocTests;

/// <summary>The working copy that these tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Here(), "..", ".."));

    /// <summary>Debug or Release, as these tests were built.</summary>
    public static string Configuration { get; } = AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    /// <summary>The angel's assembly.</summary>
    public static string Angel => PathOf($"src/SeamlessReboot.Angel/bin/{Configuration}/net10.0/seamless-angel.dll");

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
