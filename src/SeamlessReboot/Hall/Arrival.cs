using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;
using SeamlessReboot.Supervision;

namespace SeamlessReboot;

/// <summary>
/// What came from the image before, by whichever road: one table of descriptors beside one list of records. It lives from Start to
/// Ready. After a cold start it holds what a supervisor has opened for us, or nothing.
/// </summary>
internal sealed class Arrival(ServerContext context)
{
    private PreparedSockets? _sockets;

    /// <summary>Null after a cold start.</summary>
    internal Inheritance? Note { get; init; }

    /// <summary>The note as it came; null unless it came over an exec.</summary>
    internal string? NoteText { get; init; }

    /// <summary>Why the release after this one was given up, and this one was taken back; null when that is not so.</summary>
    internal string? Returned { get; init; }

    /// <summary>The command line by which releases are found, where it is not that of this process.</summary>
    internal IReadOnlyList<byte[]>? Command { get; init; }

    internal required ProcessStart Start { get; init; }

    internal InheritedDescriptors Descriptors { get; init; } = new();

    /// <summary>What a supervisor has passed, under its names.</summary>
    internal IReadOnlyList<PassedDescriptor> Passed { get; init; } = [];

    /// <summary>The directory that the image before has written to; null after a cold start, and where it had none.</summary>
    internal SpoolDirectory? Spool { get; init; }

    /// <summary>The spool itself, where the image before had no directory for it.</summary>
    internal SafeFileHandle? Memory { get; init; }

    internal SpoolHeader? Header { get; init; }

    /// <summary>Slices of the whole spool file; sessions copy what they need.</summary>
    internal IReadOnlyList<SpoolRecord> Records { get; init; } = [];

    internal long SpoolBytes { get; init; }

    /// <summary>After a death: what the dead process had left.</summary>
    internal Past? Past { get; init; }

    internal InheritedChildren? Children { get; init; }

    /// <summary>The last session number that the image before has given.</summary>
    internal long LastId { get; init; }

    internal int Generation => Note?.Generation ?? 0;

    internal bool IsCold => Note is null;

    /// <summary>It is only a copy: no descriptor has come with it, and nothing is to reach the outside.</summary>
    internal bool IsRehearsal { get; init; }

    /// <summary>A rehearsal in a network of its own.</summary>
    internal bool IsAlone { get; init; }

    /// <summary>How old the state is. Zero after a reboot: nobody has run since it was written.</summary>
    internal TimeSpan StateAge => Past is { IsExact: false } && Header is not null
        ? TimeSpan.FromTicks(Math.Max(0, (context.Now - Header.Written).Ticks))
        : TimeSpan.Zero;

    /// <summary>Reads what there is, by the road that it came.</summary>
    internal static Arrival Read(ServerContext context, SupervisorLink supervisor, RehearsalStage? rehearsal)
    {
        if (rehearsal is not null)
            return rehearsal.Read();
        if (!Rebooter.IsSupported)
            return new Arrival(context) { Start = new ProcessStart(Environment.CurrentDirectory, "", -1, 0) };
        List<PassedDescriptor> passed = PassedDescriptors.Take(context.Process);
        ArrivalBySupervisor? death = ArrivalBySupervisor.Begin(context, passed);
        return ArrivalByExec.Read(context) ?? death?.Read(supervisor) ?? Cold(context, passed);
    }

    private static Arrival Cold(ServerContext context, List<PassedDescriptor> passed)
    {
        Arrival cold = new(context) { Start = ProcessStart.Read(), Passed = passed };
        cold.AddPassedNameless();
        return cold;
    }

    // Sockets that the supervisor has opened itself, and what has no record any more: Listen may find it, or Ready closes it.
    internal void AddPassedNameless()
    {
        foreach (PassedDescriptor passed in Passed)
            if (passed.Name != SupervisorLink.SpoolName)
                Descriptors.AddNameless(passed.Fd);
    }

    /// <summary>While the application registers what it has, another processor makes the sockets ready.</summary>
    /// <param name="first">Done before them, on that processor.</param>
    internal void PrepareSockets(Action first) => _sockets = new PreparedSockets(Records, Descriptors, first);

    internal void AwaitSockets() => _sockets?.Join();

    /// <summary>Hands out a descriptor by its name, once it has shown to be the recorded one.</summary>
    internal int? TakeDescriptor(string name)
    {
        if (Descriptors.TryTake(name, out int fd, out string? refusal))
            return fd;
        if (refusal is not null)
            Log.Mismatch(context.Log, refusal);
        return null;
    }

    /// <summary>The inherited listener of this end point. With a damaged spool it has no name any more, but its address is taken by it.</summary>
    internal Socket? TakeListener(string name, EndPoint endPoint)
    {
        if (IsRehearsal)
            return NowhereSocket.Listener(endPoint);
        int? held = TakeDescriptor(name);
        if (held is null)
        {
            SocketAddress address = endPoint.Serialize();
            held = Descriptors.TakeListener(name, address.Buffer.Span[..address.Size]);
        }

        return held is int fd ? Adopt(fd) : null;
    }

    /// <summary>A session's socket; null when its descriptor cannot be trusted.</summary>
    internal Socket? TakeSocket(SpoolRecord record)
    {
        if (IsRehearsal)
            return NowhereSocket.Connection(FdIdentity.Decode(record.Identity.Span)?.Domain ?? 0);
        if (_sockets?.Take(record.Name) is not Socket prepared)
            return TakeDescriptor(record.Name) is int fd ? Adopt(fd) : null;
        Descriptors.Take(record.Name);
        return prepared;
    }

    /// <summary>A descriptor that is kept; null when the image before has kept none of this name.</summary>
    internal SafeHandle? TakeKept(string name) => IsRehearsal ? File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite)
        : TakeDescriptor("keep:" + name) is int fd ? new SafeFileHandle(fd, true) : null;

    internal static Socket Adopt(int fd)
    {
        Fd.SetBlocking(fd);
        return new Socket(new SafeSocketHandle(fd, ownsHandle: true));
    }
}
