using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using SeamlessReboot;

if (args is ["--help"])
{
    Console.WriteLine("usage: AcceptLoop [PORT]");
    return;
}

// snippet: start
using Rebooter rebooter = Rebooter.Start(new RebooterOptions { RebootSignals = [PosixSignal.SIGHUP] });
// end snippet

// snippet: register
Lobby lobby = new();
int port = args.Length > 0 ? int.Parse(args[0]) : 4000;
Socket listener = rebooter.Listen(new IPEndPoint(IPAddress.Loopback, port));
rebooter.Keep("lines", () => lobby.Lines, lines => lobby.Lines = lines);
rebooter.Restore(saved => new Guest(lobby, saved.OpenConnection(), saved.ReadState<GuestState>()));
rebooter.Ready();
// end snippet

Console.WriteLine($"ready on port {((IPEndPoint)listener.LocalEndPoint!).Port}, generation {rebooter.Generation}, "
    + $"{rebooter.SessionCount} sessions, process {Environment.ProcessId}");

// snippet: accept
while (true)
{
    Socket socket = await rebooter.AcceptAsync(listener);
    rebooter.Add(new Guest(lobby, new SessionConnection(socket), new GuestState()));
}
// end snippet

// snippet: state
/// <summary>What the server knows of one client. It crosses the reboot as JSON: public properties, each with get and set.</summary>
internal sealed class GuestState
{
    public string? Name { get; set; } // null: still at the login prompt

    public bool Greeted { get; set; }

    public int Count { get; set; }
}
// end snippet

/// <summary>What all clients share.</summary>
internal sealed class Lobby
{
    private long _lines;

    public long Lines
    {
        get => Interlocked.Read(ref _lines);
        set => Interlocked.Exchange(ref _lines, value);
    }

    public long CountLine() => Interlocked.Increment(ref _lines);
}

// snippet: session
/// <summary>One client: asks for a name, then answers every line with the name and two counts.</summary>
internal sealed class Guest(Lobby lobby, SessionConnection connection, GuestState state)
    : RebootSession<GuestState>(connection, state)
{
    protected override async Task RunAsync()
    {
        if (!State.Greeted)
        {
            State.Greeted = true;
            await Connection.WriteAsync("Your name?\r\n");
        }

        while (await Connection.ReadLineAsync() is string line)
        {
            if (State.Name is null)
            {
                State.Name = line;
                await Connection.WriteAsync($"Hello {line}.\r\n");
                continue;
            }

            State.Count++;
            await Connection.WriteAsync($"{State.Name} {State.Count} of {lobby.CountLine()}: {line}\r\n");
        }
    }
}
// end snippet
