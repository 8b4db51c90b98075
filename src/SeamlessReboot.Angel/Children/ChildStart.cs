using System.Globalization;
using System.Text;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Children;

/// <summary>
/// Starts a release with what it inherits: descriptors from 3 up and the variables that say so. LISTEN_PID has to be the number
/// of the process that is only about to be made; a shell puts it in, and replaces itself by the program.
/// </summary>
internal sealed class ChildStart
{
    private const int NeededToStart = 64; // what a program opens while it loads, with a margin
    private static readonly string[] _ours =
        ["NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES=", "LISTEN_PIDFDID=", "FDSTORE=", "MAINPID=", "EINHORN_", "SEAMLESS_ANGEL_"];

    /// <summary>The angel's own environment, byte for byte.</summary>
    internal required IReadOnlyList<byte[]> Environment { get; init; }

    /// <summary>Replace those of the environment that have the same names.</summary>
    internal required IReadOnlyDictionary<string, string> Variables { get; init; }

    /// <summary>A path, or '@' and an abstract name; null where there is none.</summary>
    internal required string? NotifyAddress { get; init; }

    internal required TimeSpan? Watchdog { get; init; }

    internal required int StoreLimit { get; init; }

    internal required IReadOnlyList<HeldListener> Listeners { get; init; }

    internal required IEnumerable<StoredFd> Stored { get; init; }

    /// <summary>What becomes its standard error.</summary>
    internal required int Errors { get; init; }

    /// <summary>Which shells there are; tests take them away.</summary>
    internal IReadOnlyList<string> Shells { get; init; } = ["/bin/sh", "/bin/bash", "/usr/bin/bash"];

    /// <summary>The soft limit of open files that the server gets; null leaves it the angel's.</summary>
    internal long? OpenFiles { get; init; }

    /// <summary>Those that LISTEN_FDNAMES had no room for: passed on, but known only to a server that reads the file of names.</summary>
    internal IReadOnlyList<StoredFd> Unnamed { get; private set; } = [];

    /// <returns>The PID.</returns>
    /// <exception cref="StartFailureException">It could not be started; the message says why.</exception>
    internal int Start(Release release)
    {
        using PassedNames names = new(Listeners, Stored);
        Unnamed = names.Unnamed;
        List<byte[]> environment = MakeEnvironment(release, names);
        try
        {
            System.Environment.CurrentDirectory = release.Directory;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The directory is gone, or closed to us. What does not need it can do without.
        }

        try
        {
            string program = ProcessImage.Resolve(release.Command[0], PathVariable(environment), release.Directory);
            if (names.Count == 0 && Watchdog is null)
                return StartBare(release, environment, program);
            string exports = $"{(names.Count > 0 ? "LISTEN_PID=$$ " : "")}{(Watchdog is null ? "" : "WATCHDOG_PID=$$")}";
            Command command = ByShell(release, environment, program, exports, SoftLimit(names.Descriptors.Count));
            return Spawn.Start(command.Path, command.Arguments, environment, names.Descriptors, output: -1, Errors);
        }
        catch (FileNotFoundException e)
        {
            throw new StartFailureException(StartFailureException.NotFound, e.Message, e);
        }
        catch (SyscallException e)
        {
            throw new StartFailureException(StartFailureException.NotExecutable, $"{e.Message}. {ExecPlan.RemedyFor(e)}", e);
        }
    }

    // Without a shell that could lower the limit after the angel's descriptors are in their places: it has none to pass here.
    private int StartBare(Release release, List<byte[]> environment, string program)
    {
        long ours = Fd.Limit();
        if (OpenFiles is long soft)
            OpenFileLimit.SetSoft(soft);
        try
        {
            return Spawn.Start(program, release.Command, environment, [], output: -1, Errors);
        }
        finally
        {
            OpenFileLimit.SetSoft(ours);
        }
    }

    // A server that is handed more than its limit would allow could not even load its libraries. So it has as much room above them as below.
    private long? SoftLimit(int passed) => OpenFiles is long soft && passed + NeededToStart > soft ? Math.Min(soft + passed, Fd.Limit()) : OpenFiles;

    private List<byte[]> MakeEnvironment(Release release, PassedNames names)
    {
        Dictionary<string, string> variables = new(Variables) { ["PWD"] = release.Directory };
        if (NotifyAddress is not null)
        {
            variables["NOTIFY_SOCKET"] = NotifyAddress;
            if (StoreLimit > 0)
                variables["FDSTORE"] = Text(StoreLimit);
        }

        if (Watchdog is TimeSpan watchdog)
            variables["WATCHDOG_USEC"] = Text((long)watchdog.TotalMicroseconds);
        if (names.Count > 0)
        {
            variables["LISTEN_FDS"] = Text(names.Count);
            variables["LISTEN_FDNAMES"] = names.Variable;
        }

        string[] replaced = [.. _ours, .. variables.Keys.Select(n => n + "=")];
        List<byte[]> environment = [.. Environment.Where(v => !replaced.Any(r => v.AsSpan().StartsWith(Encoding.UTF8.GetBytes(r))))];
        foreach ((string name, string value) in variables)
            environment.Add(Encoding.UTF8.GetBytes($"{name}={value}"));
        return environment;
    }

    private Command ByShell(Release release, List<byte[]> environment, string program, string exports, long? openFiles)
    {
        // A shell takes what begins with '-' for an option of exec.
        string[] command = release.Command[0].StartsWith('-') ? [program, .. release.Command.Skip(1)] : [.. release.Command];
        // dash, which is /bin/sh in many places, drops variables that no script could name; bash keeps them.
        IEnumerable<string> fit = environment.All(HasPlainName) ? Shells : Shells.Where(s => Path.GetFileName(s) == "bash");
        if (fit.FirstOrDefault(File.Exists) is not string shell)
            return ExecVerb.Command(program, command, environment, openFiles);
        string limit = openFiles is long soft ? $"ulimit -S -n {Text(soft)} 2>/dev/null; " : "";
        return new Command(shell, [shell, "-c", $"{limit}export {exports}; exec \"$@\"", "seamless-angel", .. command]);
    }

    private static bool HasPlainName(byte[] variable)
    {
        int end = Array.IndexOf(variable, (byte)'=');
        if (end <= 0 || char.IsAsciiDigit((char)variable[0]))
            return false;
        foreach (byte letter in variable.AsSpan(0, end))
            if (!char.IsAsciiLetterOrDigit((char)letter) && letter != (byte)'_')
                return false;
        return true;
    }

    private static string? PathVariable(List<byte[]> environment)
    {
        foreach (byte[] variable in environment)
            if (variable.AsSpan().StartsWith("PATH="u8))
                return Encoding.UTF8.GetString(variable.AsSpan(5));
        return null;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
