using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using SeamlessReboot;
using Talker.Telnet;
using Talker.World;

namespace Talker.Players;

/// <summary>One connection, from the name prompt to quit.</summary>
internal sealed partial class Player(House house, SessionConnection connection, PlayerState state)
    : RebootSession<PlayerState>(connection, state)
{
    private const int LongestLine = 1000;

    public static SessionConnectionOptions Limits { get; } = new() { InputLimit = 16 * 1024, OutputLimit = 128 * 1024 };

    public House House { get; } = house;

    public string Name => State.Name;

    public bool IsAdmin => State.IsAdmin;

    public bool IsIn => State.Stage is Stage.Playing or Stage.Editing;

    public Room Room => House.Map[State.Room];

    public TimeSpan IdleTime => DateTime.UtcNow - State.LastLineAt;

    public void Send(string line) => Write(Encoding.UTF8.GetBytes(line + "\r\n"));

    /// <summary>A paragraph, wrapped if the client has said how wide its window is.</summary>
    public void SendWrapped(string text)
    {
        foreach (string line in Layout.Wrap(text, State.Telnet.Width))
            Send(line);
    }

    public void Leave() => State.Stage = Stage.Gone;

    /// <summary>Called from another player's session or none: ends this one.</summary>
    public void Close(string lastWords)
    {
        Send(lastWords);
        State.Stage = Stage.Gone;
        _ = Connection.DisposeAsync().AsTask();
    }

    protected override async Task RunAsync()
    {
        bool isOver = true;
        try
        {
            if (State.Stage == Stage.Arrived)
                Greet();
            await ListenAsync();
        }
        catch (InvalidDataException)
        {
            Send("That was too long for a line. Goodbye.");
        }
        catch (OperationCanceledException)
        {
            isOver = false;
            throw;
        }
        finally
        {
            if (isOver)
                House.Leave(this);
        }
    }

    // Each turn acts on one line or sequence and reads again, so that a reboot never waits for more than one.
    private async Task ListenAsync()
    {
        PipeReader input = Connection.Input;
        TelnetState telnet = State.Telnet;
        while (State.Stage != Stage.Gone)
        {
            ReadResult read = await input.ReadAsync();
            ReadOnlySequence<byte> unread = read.Buffer;
            TelnetItem item = TelnetParser.Next(unread, telnet.Scanned);
            SequencePosition end = unread.GetPosition(item.End);
            if (item.Kind == TelnetItemKind.Unfinished)
            {
                telnet.Scanned = item.End;
                input.AdvanceTo(unread.Start, unread.End);
                if (read.IsCompleted)
                    return;
            }
            else if (item.Kind == TelnetItemKind.Sequence)
            {
                Write(Negotiation.Answer(telnet, unread.Slice(item.Start, item.End - item.Start).ToArray()));
                // Inside a line it stays, so that the line stays whole; what was acted on is remembered by its length.
                bool isAlone = item.Start == 0;
                telnet.Scanned = isAlone ? 0 : item.End;
                input.AdvanceTo(isAlone ? end : unread.Start, end);
            }
            else if (State.Flood.Take(DateTime.UtcNow) is { Ticks: > 0 } wait)
            {
                input.AdvanceTo(unread.Start, unread.Start);
                if (State.Flood.IsTooMuch())
                {
                    Send("You have been typing faster than anybody can read for too long. Goodbye.");
                    return;
                }

                await Task.Delay(wait, Suspending);
            }
            else
            {
                await ActAsync(TextFilter.Clean(TelnetParser.Text(unread.Slice(0, end))));
                telnet.Scanned = 0;
                input.AdvanceTo(end);
            }
        }
    }

    private async Task ActAsync(string line)
    {
        State.LastLineAt = DateTime.UtcNow;
        if (line.Length > LongestLine)
        {
            Send($"That line has {line.Length} characters; {LongestLine} is the most. Nobody has seen it.");
            return;
        }

        try
        {
            if (State.Stage == Stage.Playing)
                House.Commands.Run(this, line.Trim());
            else if (State.Stage == Stage.Editing)
                Edit(line);
            else
                await LogInAsync(line);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            House.Log(this, e);
            Send("The talker could not get at its files. Please tell an admin.");
        }
    }

    private void Prompt(string text) => Write([.. Encoding.UTF8.GetBytes(text), Iac.Escape, Iac.GoAhead]);

    // Text is UTF-8, which has no byte 255 in it: of what goes out only sequences hold one, and each is meant.
    private void Write(ReadOnlySpan<byte> bytes)
    {
        // Somebody who does not read holds nobody up: the one who speaks does not wait, the one who does not listen goes.
        if (!bytes.IsEmpty && !Connection.TryWrite(bytes))
            Connection.Dispose();
    }
}
