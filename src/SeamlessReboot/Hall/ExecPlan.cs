using System.Reflection;
using System.Text;
using Mono.Unix.Native;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>What will be started: found again at each reboot, by the names of the start, so that a new release is taken.</summary>
internal sealed class ExecPlan
{
    private static readonly string[] _ours = ["SEAMLESSREBOOT_", .. Supervision.PassedDescriptors.Variables.Select(v => v + "=")];
    private readonly List<byte[]> _environment;

    private ExecPlan(string directory, string path, IReadOnlyList<byte[]> arguments, List<byte[]> environment)
    {
        Directory = directory;
        Path = path;
        Arguments = arguments;
        _environment = environment;
    }

    /// <summary>The working directory of the start.</summary>
    internal string Directory { get; }

    /// <summary>As given to execve; may be relative to <see cref="Directory"/>.</summary>
    internal string Path { get; }

    internal IReadOnlyList<byte[]> Arguments { get; }

    /// <exception cref="IOException">There is no such program, or it may not be executed.</exception>
    internal static ExecPlan Make(RebooterOptions options, ProcessState state, HostProcess process)
    {
        List<byte[]> environment = Environment(process);
        IReadOnlyList<byte[]> arguments = options.Command?.Select(Encoding.UTF8.GetBytes).ToArray() ?? state.Command;
        string path = ProcessImage.Resolve(Encoding.UTF8.GetString(arguments[0]), PathVariable(environment), state.Start.Directory);
        ExecPlan plan = new(state.Start.Directory, path, arguments, environment);
        plan.RequireProgram();
        return plan;
    }

    /// <summary>A release that has run before, started as it was then: not the newest one of its name.</summary>
    /// <exception cref="IOException">It is not there any more.</exception>
    internal static ExecPlan Make(ReleaseImage release, ProcessStart start, HostProcess process)
    {
        ExecPlan plan = new(start.Directory, release.Path, release.Arguments, Environment(process));
        plan.RequireProgram();
        return plan;
    }

    private static List<byte[]> Environment(HostProcess process)
    {
        List<byte[]> environment = process.StartEnvironment();
        environment.RemoveAll(v => _ours.Any(o => v.AsSpan().StartsWith(Encoding.ASCII.GetBytes(o))));
        return environment;
    }

    /// <summary>The environment of the start with one more variable.</summary>
    internal IReadOnlyList<byte[]> EnvironmentWith(string name, string value) => EnvironmentWith((name, value));

    /// <summary>The environment of the start with some more variables.</summary>
    internal IReadOnlyList<byte[]> EnvironmentWith(params ReadOnlySpan<(string Name, string Value)> variables)
    {
        List<byte[]> environment = [.. _environment];
        foreach ((string name, string value) in variables)
            environment.Add(Encoding.UTF8.GetBytes($"{name}={value}"));
        return environment;
    }

    /// <summary>What to do when the kernel has refused to start the program, which <see cref="Make(RebooterOptions, ProcessState, HostProcess)"/> had found in order.</summary>
    internal static string RemedyFor(SyscallException refusal) => (Errno)refusal.Errno switch
    {
        Errno.ENOENT => "Put the new version where the old one was, with the interpreter or loader that it names, or set RebooterOptions.Command.",
        Errno.EACCES or Errno.EPERM => "Run chmod +x on it, and see that its file system is not mounted noexec.",
        Errno.E2BIG => "Start the server with a smaller environment, or fewer arguments in RebooterOptions.Command.",
        Errno.ETXTBSY => "It is still being written. Deploy into a new directory and flip the link to it when it is complete.",
        Errno.ENOEXEC => "It is no program for this machine. Deploy the right build, or set RebooterOptions.Command.",
        _ => "See that a program is there that this machine can start, or set RebooterOptions.Command.",
    };

    private static string? PathVariable(List<byte[]> environment)
    {
        foreach (byte[] variable in environment)
            if (variable.AsSpan().StartsWith("PATH="u8))
                return Encoding.UTF8.GetString(variable.AsSpan(5));
        return null;
    }

    // The host program being there is not enough: "dotnet" or an apphost without its assembly ends at once, with everyone's connection.
    private void RequireProgram()
    {
        string program = InDirectory(Path);
        if (System.IO.Directory.Exists(program))
            throw new IOException($"'{program}' is a directory. Start the server by the path of a program, or set RebooterOptions.Command.");
        if (!File.Exists(program))
            throw new FileNotFoundException($"The program '{program}' is not there. Put the new version where the old one was, or set RebooterOptions.Command.");
        if (!ProcessImage.IsExecutableFile(program))
            throw new IOException($"The program '{program}' may not be executed by this user. Run: chmod +x '{program}'");
        if (IsDotnetHost(program) && AssemblyIn(Arguments) is int assembly and >= 0)
            RequireAssembly(InDirectory(Encoding.UTF8.GetString(Arguments[assembly])));
        else if (Assembly.GetEntryAssembly() is { } entry && IsAppHostOf(program, entry))
            RequireAssembly(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(RealPath(program))!, entry.GetName().Name + ".dll"));
    }

    internal static bool IsDotnetHost(string program) => System.IO.Path.GetFileName(program) is "dotnet";

    /// <summary>Which argument of a dotnet host is the assembly; -1 when none is.</summary>
    internal static int AssemblyIn(IReadOnlyList<byte[]> arguments)
    {
        for (int i = 1; i < arguments.Count; i++)
            if (Encoding.UTF8.GetString(arguments[i]).EndsWith(".dll", StringComparison.OrdinalIgnoreCase))
                return i;
        return -1;
    }

    // A single-file program carries its assembly inside.
    [System.Diagnostics.CodeAnalysis.UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "Empty is the answer that is asked for.")]
    private static bool IsAppHostOf(string program, Assembly entry) =>
        entry.Location.Length > 0 && System.IO.Path.GetFileName(RealPath(program)) == entry.GetName().Name;

    private static string RealPath(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;

    private static void RequireAssembly(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"The assembly '{path}' is not there. Put the new version where the old one was, or set RebooterOptions.Command.");
    }

    private string InDirectory(string path) => System.IO.Path.Combine(Directory, path);
}
