using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace SeamlessReboot.TestServer;

/// <summary>What everything in this program shares.</summary>
internal sealed class Server(Rebooter rebooter, Options options, ServerVersion version, RuntimeFaults faults, StartFaults start)
{
    private readonly TaskCompletionSource _quit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _ids = new();

    public Rebooter Rebooter { get; } = rebooter;

    public Options Options { get; } = options;

    public ServerVersion Version { get; } = version;

    public RuntimeFaults Faults { get; } = faults;

    /// <summary>What a connection may hold: "--output-limit BYTES".</summary>
    public SessionConnectionOptions Limits { get; } = options.Text("output-limit") is string limit
        ? new SessionConnectionOptions { OutputLimit = int.Parse(limit, CultureInfo.InvariantCulture) }
        : new SessionConnectionOptions();

    public World World { get; private set; } = new();

    public KeptFile? File { get; private set; }

    public Task Quit => _quit.Task;

    public void KeepState()
    {
        Rebooter.Keep("world", Save, Load);
        if (Options.Text("keep-file") is string path)
            File = KeptFile.Open(Rebooter, path);
    }

    public long NextId()
    {
        lock (_ids)
            return ++World.LastId;
    }

    public void End() => _quit.TrySetResult();

    /// <summary>Main ends by an exception.</summary>
    public void Fail() => _quit.TrySetException(new InvalidOperationException("The application has crashed."));

    public void TellReady(IReadOnlyList<Socket> listeners)
    {
        RebootReport? report = Rebooter.LastReboot;
        JsonArray ports = [.. listeners.Select(l => JsonValue.Create((l.LocalEndPoint as IPEndPoint)?.Port ?? 0))];
        JsonArray lost = [.. (report?.SessionsLost ?? []).Select(l =>
            new JsonObject { ["id"] = l.Id, ["reason"] = l.Reason, ["file"] = l.StateFile })];
        Events.Tell("ready", new JsonObject
        {
            ["generation"] = Rebooter.Generation,
            ["pid"] = Environment.ProcessId,
            ["version"] = Version.Number,
            ["sessions"] = Rebooter.SessionCount,
            ["ports"] = ports,
            ["lost"] = lost,
            ["afterCrash"] = report?.AfterCrash ?? false,
            ["reason"] = report?.Reason,
            ["torn"] = World.FirstHalf != World.SecondHalf,
            ["worked"] = World.FirstHalf,
            ["pause"] = (int)(report?.Pause.TotalMilliseconds ?? 0),
        });
    }

    private World Save() => Faults.SaveThrows ? throw new InvalidOperationException("The world cannot be saved.") : World;

    private void Load(World world)
    {
        start.RefuseKeepIfAsked();
        World = world;
    }
}
