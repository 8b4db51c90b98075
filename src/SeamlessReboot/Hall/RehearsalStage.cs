using System.Diagnostics;
using System.Net.Sockets;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

/// <summary>
/// A rehearsal, seen from inside: this process is the new release, and has been started beside the one that serves. It is given a copy of
/// the state and no descriptor, says how it fared, and ends inside Ready.
/// </summary>
internal sealed class RehearsalStage
{
    /// <summary>
    /// In the environment of a rehearsal: "start", or "ready" for the whole of it; "ready alone" in a network of its own. An older release
    /// answers what it does not know as "start".
    /// </summary>
    internal const string Variable = "SEAMLESSREBOOT_CHECK";
    internal const string UntilReady = "ready", UntilReadyAlone = "ready alone", UntilStart = "start";
    internal const string Greeting = "SEAMLESSREBOOT reads ";
    internal const int Fine = 113, Failed = 114;
    private readonly ServerContext _context;
    private readonly bool _isAlone;

    private RehearsalStage(ServerContext context, bool isAlone)
    {
        _context = context;
        _isAlone = isAlone;
    }

    /// <summary>Null when this process is no rehearsal. One that is to be tried only so far ends here.</summary>
    internal static RehearsalStage? Enter(ServerContext context)
    {
        if (context.Process.TakeVariable(Variable) is not string mode)
            return null;
        context.Process.TellRehearser($"{Greeting}{Inheritance.Version} {context.Serializer.Name}");
        if (mode is not (UntilReady or UntilReadyAlone))
            context.Process.End(Fine);
        RehearsalStage stage = new(context, isAlone: mode == UntilReadyAlone);
        AppDomain.CurrentDomain.UnhandledException += (_, e) =>
            stage.Fail(e.ExceptionObject as Exception ?? new InvalidOperationException("Something was thrown that is no exception."));
        return stage;
    }

    /// <summary>The copy of the state.</summary>
    internal Arrival Read()
    {
        // What has come here without being meant to: an inheritable descriptor of the server beside us would be shared with it.
        // Not pipes: the runtime has an inheritable one for a moment, whenever it starts a thread.
        foreach (int fd in Strays.Find(new HashSet<int>()))
            if (!Fd.Describe(fd).StartsWith("pipe:", StringComparison.Ordinal))
                Fd.Close(fd);
        Stream input = _context.Process.RehearsalInput();
        byte[] length = new byte[sizeof(long)];
        input.ReadExactly(length);
        byte[] file = new byte[BitConverter.ToInt64(length)];
        input.ReadExactly(file);
        EndWith(input);
        SpoolReader spool = SpoolReader.Read(file, nonce: null);
        SpoolHeader header = (spool.Header is SpoolRecord record ? SpoolHeader.From(record) : null)
            ?? throw new InvalidDataException($"The copy of the state cannot be read: {string.Join(' ', spool.Damage)}");
        ProcessStart start = ProcessStart.Read();
        return new Arrival(_context)
        {
            IsRehearsal = true,
            IsAlone = _isAlone,
            Start = start,
            Header = header,
            Records = spool.Records,
            LastId = header.LastId,
            Note = new Inheritance
            {
                Generation = header.Generation,
                Pid = _context.Process.Pid,
                StartTime = _context.Process.StartTime,
                Directory = start.Directory,
                User = start.User,
                Umask = start.Umask,
                IgnoredSignals = (long)start.IgnoredSignals,
                SpoolFd = -1,
                SpoolPath = "",
                Nonce = [],
                Warm = true,
                AfterCrash = false,
                Reason = "rehearsal",
                FrozenAt = _context.StartedAt,
                StageEnds = [],
                Crashes = [],
            },
        };
    }

    /// <summary>Inside Ready: hands every state to the application's own callbacks, reports, and ends the process.</summary>
    internal void Perform(Restoration restoration, Population population, Action? whenRestored)
    {
        long registeredAt = Stopwatch.GetTimestamp();
        try
        {
            restoration.HandOut();
            whenRestored?.Invoke();
        }
#pragma warning disable CA1031 // that is what a rehearsal is for
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(e);
            return;
        }

        Tell(new RehearsalMessage
        {
            StartedAt = _context.StartedAt,
            RegisteredAt = registeredAt,
            ReadyAt = Stopwatch.GetTimestamp(),
            SessionsLoaded = population.Count,
            SessionsNotLoaded = restoration.Lost,
        }, Fine);
    }

    // Whoever rehearses keeps its end open: when it dies, this process must not stay behind.
    private void EndWith(Stream input) => new Thread(() =>
    {
        try
        {
            _ = input.ReadByte();
        }
        catch (IOException)
        {
            // Gone is gone.
        }

        _context.Process.End(Failed);
    })
    { IsBackground = true, Name = "SeamlessReboot rehearsal" }.UnsafeStart();

    private void Fail(Exception failure) => Tell(new RehearsalMessage
    {
        StartedAt = _context.StartedAt,
        Failure = Failure.TypeAndText(failure) + Failure.Place(failure),
        IsConflict = IsConflict(failure, _isAlone),
    }, Failed);

    private void Tell(RehearsalMessage message, int code)
    {
        _context.Process.TellRehearser(message.Encode());
        _context.Process.End(code);
    }

    /// <summary>A port, a locked file, a database: what the process beside has, or a rehearsal cannot reach.</summary>
    /// <param name="failure">Why the release does not start.</param>
    /// <param name="isAlone">It is in a network of its own. If not, what it does not reach is not there, and would not be in earnest either.</param>
    internal static bool IsConflict(Exception? failure, bool isAlone) => (isAlone || !Any(failure, IsUnreachable)) && Any(failure, IsOccupied);

    private static bool Any(Exception? failure, Predicate<Exception> condition)
    {
        for (; failure is not null; failure = failure.InnerException)
            if (condition(failure) || (failure is AggregateException many && many.InnerExceptions.Any(e => Any(e, condition))))
                return true;
        return false;
    }

    private static bool IsUnreachable(Exception failure) => failure is SocketException
    {
        SocketErrorCode: SocketError.ConnectionRefused or SocketError.HostNotFound or SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.TimedOut,
    };

    private static bool IsOccupied(Exception failure)
    {
        const int Locked = 11; // EWOULDBLOCK
        return failure is SocketException or IOException { HResult: Locked } || IsDatabase(failure.GetType());
    }

    // By name, so that no assembly has to be loaded for it.
    private static bool IsDatabase(Type? type)
    {
        for (; type is not null; type = type.BaseType)
            if (type.FullName == "System.Data.Common.DbException")
                return true;
        return false;
    }
}
