using System.Text;
using SeamlessReboot;

namespace WorkedOut;

/// <summary>Answers each line with name and count. "reboot" tells everyone and reboots.</summary>
internal sealed class Guest(Rebooter rebooter, World world, WorldThread thread, Journal journal, SessionConnection connection, GuestState state)
    : RebootSession<GuestState>(connection, state)
{
    // snippet: act
    protected override async Task RunAsync()
    {
        while (await Connection.ReadLineAsync() is string line)
        {
            if (State.Name is null)
                State.Name = line;
            else if (line == "reboot")
                TellAllAndReboot();
            else
                await thread.RunAsync(() => Act(line)); // the game's thread: one command after the other
        }
    }
    // end snippet

    private void Act(string line)
    {
        State.Count++;
        journal.Add(line);
        Connection.TryWrite(Encoding.UTF8.GetBytes($"{State.Name} {State.Count} {world.State.Ticks}: {line}\r\n"));
    }

    // snippet: reboot
    private void TellAllAndReboot()
    {
        byte[] warning = Encoding.UTF8.GetBytes("The server reboots. Stay where you are.\r\n");
        foreach (Guest guest in rebooter.GetSessions().OfType<Guest>())
            guest.Connection.TryWrite(warning);
        _ = rebooter.RequestReboot($"asked for by {State.Name}");
    }
    // end snippet
}
