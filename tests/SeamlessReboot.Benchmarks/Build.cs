using System.Diagnostics;
using System.Reflection;

namespace SeamlessReboot.Benchmarks;

/// <summary>Makes what is measured: published as a server in production would be.</summary>
internal static class Build
{
    private static readonly string _root = FindRoot();

    public static string CounterServer() => Publish("samples/CounterServer", "CounterServer");

    public static string Angel() => Publish("src/SeamlessReboot.Angel", "seamless-angel");

    public static string Self() => Assembly.GetExecutingAssembly().Location;

    /// <summary>The smallest program there is, to see what starting the runtime costs.</summary>
    public static string Hello()
    {
        string source = Path.Combine(_root, "artifacts", "hello");
        Directory.CreateDirectory(source);
        File.WriteAllText(Path.Combine(source, "hello.csproj"),
            "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>");
        File.WriteAllText(Path.Combine(source, "hello.cs"), "System.Console.WriteLine(\"hello\");");
        Dotnet("build", source, "-c", "Release", "-o", Path.Combine(source, "out"));
        return Path.Combine(source, "out", "hello.dll");
    }

    private static string Publish(string project, string name)
    {
        string output = Path.Combine(_root, "artifacts", name);
        Dotnet("publish", Path.Combine(_root, project), "-c", "Release", "--use-current-runtime", "--no-self-contained", "-p:PublishReadyToRun=true", "-o", output);
        return Path.Combine(output, name + ".dll");
    }

    private static void Dotnet(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"dotnet {string.Join(' ', arguments)}: {output}");
    }

    private static string FindRoot()
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "SeamlessReboot.sln")))
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("Run this from inside the repository.");
        return directory;
    }
}
