using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace SeamlessReboot.TestServer;

/// <summary>
/// What the server does with signals, each of which it tells: "--handle NUMBER,NUMBER" before Ready, "--handle-late" a moment after it,
/// "--handle-first" in generation 0 only. "--slow-handlers FIFO" makes those wait for it. 15 also ends the server.
/// </summary>
internal sealed class Handlers(Server server) : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];

    public void Register()
    {
        Register("handle");
        if (server.Rebooter.Generation == 0)
            Register("handle-first");
    }

    public async Task RegisterLateAsync()
    {
        if (!server.Options.Has("handle-late"))
            return;
        await Task.Delay(100); // many a framework takes longer
        Register("handle-late");
    }

    public void Dispose() => _registrations.ForEach(r => r.Dispose());

    private void Register(string option)
    {
        foreach (string number in server.Options.Text(option)?.Split(',') ?? [])
            _registrations.Add(PosixSignalRegistration.Create((PosixSignal)int.Parse(number, CultureInfo.InvariantCulture), Handle));
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        Events.Tell("signal-came", Content(context));
        if (server.Options.Text("slow-handlers") is string fifo)
            File.ReadAllText(fifo);
        Events.Tell("signal", Content(context));
        if ((int)context.Signal == 15)
            server.End();
    }

    private JsonObject Content(PosixSignalContext context) =>
        new() { ["number"] = (int)context.Signal, ["generation"] = server.Rebooter.Generation };
}
