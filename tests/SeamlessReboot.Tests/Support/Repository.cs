namespace SeamlessReboot.Tests.Support;

/// <summary>The files that the tests were built from.</summary>
internal static class Repository
{
    internal static string Root { get; } = FindRoot();

    internal static string Library => Path.Combine(Root, "src", "SeamlessReboot");

    private static string FindRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "SeamlessReboot.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new DirectoryNotFoundException("The tests have to be run inside the repository.");
    }
}
