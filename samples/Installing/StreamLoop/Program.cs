using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using SeamlessReboot;

if (args is ["--help"])
{
    Console.WriteLine("usage: StreamLoop [PORT]");
    return;
}

using Rebooter rebooter = Rebooter.Start(new RebooterOptions { RebootSignals = [PosixSignal.SIGHUP] });
int port = args.Length > 0 ? int.Parse(args[0]) : 4000;
Socket listener = rebooter.Listen(new IPEndPoint(IPAddress.Loopback, port));
rebooter.Restore(saved => new Guest(saved.OpenConnection(), saved.ReadState<GuestState>()));
rebooter.Ready();
Console.WriteLine($"ready on port {((IPEndPoint)listener.LocalEndPoint!).Port}, generation {rebooter.Generation}, "
    + $"{rebooter.SessionCount} sessions, process {Environment.ProcessId}");
while (true)
    rebooter.Add(new Guest(new SessionConnection(await rebooter.AcceptAsync(listener)), new GuestState()));

internal sealed class GuestState
{
    public string? Name { get; set; } // null: still at the login prompt

    public bool Greeted { get; set; }

    public int Count { get; set; }
}

// snippet: session
/// <summary>The same conversation as in AcceptLoop, through a reader and a writer.</summary>
internal sealed class Guest(SessionConnection connection, GuestState state) : RebootSession<GuestState>(connection, state)
{
    protected override async Task RunAsync()
    {
        TextReader reader = Connection.AsReader();
        TextWriter writer = Connection.AsWriter();
        if (!State.Greeted)
        {
            State.Greeted = true;
            await writer.WriteLineAsync("Your name?");
        }

        while (await reader.ReadLineAsync() is string line)
        {
            if (State.Name is null)
            {
                State.Name = line;
                await writer.WriteLineAsync($"Hello {line}.");
                continue;
            }

            State.Count++;
            await writer.WriteLineAsync($"{State.Name} {State.Count}: {line}");
        }
    }
}
// end snippet
