using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.SelfReboot;

/// <summary>Everything that one angel hands to the next, which is the same process. Descriptors cross the exec by their numbers.</summary>
internal sealed record Handover
{
    internal const string Variable = "SEAMLESS_ANGEL_HANDOVER";

    /// <summary>The version of this format. A new angel that reads another version is not started.</summary>
    internal const string Version = "1";

    public string StartDirectory { get; init; } = "/";

    public string RuntimeDirectory { get; init; } = "";

    public int DirectoryFd { get; init; }

    public IReadOnlyList<HeldListener> Listeners { get; init; } = [];

    public Dictionary<string, int> KeptOpen { get; init; } = [];

    public int NotifyFd { get; init; } = -1;

    public string? NotifyAddress { get; init; }

    public int ControlFd { get; init; } = -1;

    public IReadOnlyList<HandedConnection> Connections { get; init; } = [];

    public PipeEnds ErrorPipe { get; init; }

    public byte[] UnwrittenErrors { get; init; } = [];

    public IReadOnlyList<string> LastWords { get; init; } = [];

    public IReadOnlyList<HandedFd> Stored { get; init; } = [];

    /// <summary>The server's soft limit of open files; null when it is not known.</summary>
    public long? OpenFiles { get; init; }

    public State State { get; init; }

    /// <summary>Seconds left of each alarm that is set.</summary>
    public Dictionary<string, double> Alarms { get; init; } = [];

    public HandedChild? Main { get; init; }

    public HandedChild? Next { get; init; }

    public IReadOnlyList<HandedChild> Retiring { get; init; } = [];

    public IReadOnlyList<DateTimeOffset> Deaths { get; init; } = [];

    /// <summary>The same by the monotonic clock.</summary>
    public IReadOnlyList<long> DeathTimestamps { get; init; } = [];

    public int DeathsInARow { get; init; }

    public bool OnFallback { get; init; }

    public int FailedStarts { get; init; }

    public HandedRelease? Good { get; init; }

    public bool WasEverReady { get; init; }

    public bool WasEverStarted { get; init; }

    public bool Notifies { get; init; }

    public int Restarts { get; init; }

    public int Leftover { get; init; }

    public bool WaitsForLeftover { get; init; }

    public string? LastEnd { get; init; }

    public int LastCode { get; init; }

    public bool AbortedUnready { get; init; }

    public bool Replacing { get; init; }

    public bool RebootsLater { get; init; }

    public int? ReloadedFrom { get; init; }

    public int ProbeFaults { get; init; }

    public long Refused { get; init; }

    public int SelfReboots { get; init; }

    /// <summary>Whether an earlier angel has left a handover in this process.</summary>
    internal static bool IsComing => Environment.GetEnvironmentVariable(Variable) is not null;

    /// <summary>Reads the handover, once; null at a cold start.</summary>
    internal static Handover? Take()
    {
        string? number = Environment.GetEnvironmentVariable(Variable);
        Environment.SetEnvironmentVariable(Variable, null);
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int fd))
            return null;
        using Microsoft.Win32.SafeHandles.SafeFileHandle handle = new(fd, ownsHandle: true);
        using FileStream stream = new(handle, FileAccess.Read);
        stream.Position = 0;
        return JsonSerializer.Deserialize(stream, HandoverJson.Default.Handover);
    }

    /// <summary>Every descriptor that has to cross.</summary>
    internal IEnumerable<int> Descriptors() =>
        ((IEnumerable<int>)[DirectoryFd, NotifyFd, ControlFd, ErrorPipe.Read, ErrorPipe.Write])
            .Concat(Listeners.Select(l => l.Fd)).Concat(KeptOpen.Values).Concat(Connections.Select(c => c.Fd)).Concat(Stored.Select(s => s.Fd))
            .Where(fd => fd >= 0);

    /// <summary>Writes it into memory that crosses the exec.</summary>
    /// <returns>The descriptor.</returns>
    internal int Write()
    {
        const uint CloseOnExec = 1; // MFD_CLOEXEC
        int fd = AngelLibc.MemoryFile("seamless-angel", CloseOnExec);
        if (fd < 0)
            throw SyscallException.Last("memfd_create");
        if (FdCalls.WriteAll(fd, JsonSerializer.SerializeToUtf8Bytes(this, HandoverJson.Default.Handover)))
            return fd;
        Fd.Close(fd);
        throw new IOException("There is not enough memory for the handover.");
    }
}

/// <summary>A process.</summary>
internal sealed record HandedChild(int Pid, IReadOnlyList<int> Groups, HandedRelease Release, HandedRelease? Real, bool IsFallback, DateTimeOffset Since,
    bool Spoke, bool WasReady, string StatusText, TimeSpan? Watchdog, Children.SeamlessServer? Seamless, bool IsHeir, long? Started = null, long? ReadySince = null);

/// <summary>A release.</summary>
internal sealed record HandedRelease(IReadOnlyList<string> Command, string Directory);

/// <summary>A descriptor of the store.</summary>
internal sealed record HandedFd(int Fd, string Name, bool Watched);

/// <summary>A client whose request is not answered yet.</summary>
internal sealed record HandedConnection(int Fd, string Text);

[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(Handover))]
internal sealed partial class HandoverJson : JsonSerializerContext;
