using System.Globalization;
using Talker.Players;
using Talker.Reboots;

namespace Talker.Commands;

/// <summary>Rebooting, and what may be asked about it.</summary>
internal static class AdminCommands
{
    private const int LongestCountdown = 24 * 60 * 60;

    public static IEnumerable<Command> All { get; } =
    [
        new("reboot", Arguments.Optional, "[in SECONDS | cancel | check | force | report | dump]",
            "Restarts the talker into the code that is on disk; nobody's connection or line is lost. Alone: now, unless somebody "
            + "is writing. 'force' does not wait for them; their text is carried. 'in 30' counts down, 'cancel' stops that. "
            + "'check' tries the new version with a copy of everybody's state, and says whether it starts and how long it takes, 'report' how the last one went, 'dump' what is in the spool directory: "
            + "the records of those who could not be brought back.", Reboot) { IsForAdmins = true },
        new("crash", Arguments.None, "", "Throws an exception that nobody catches, to see the talker survive "
            + "it. The second time within a minute you are left behind yourself, the third time everybody is, the fourth it ends.", Crash) { IsForAdmins = true },
    ];

    private static void Reboot(Player player, string rest)
    {
        RebootDesk desk = player.House.Desk;
        string[] words = rest.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (words)
        {
            case []:
                desk.Reboot(player);
                break;
            case ["force"]:
                desk.Force(player);
                break;
            case ["in", var number] when int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds)
                && seconds is > 0 and <= LongestCountdown:
                desk.CountDown(player, seconds);
                break;
            case ["cancel"]:
                desk.Cancel(player);
                break;
            case ["check"]:
                desk.Check(player);
                break;
            case ["report"]:
                desk.Report(player);
                break;
            case ["dump"]:
                desk.Dump(player);
                break;
            default:
                player.Send("Type it like this: reboot [in SECONDS | cancel | check | force | report | dump]");
                break;
        }
    }

    // A session's own exceptions end that session alone; so this one is thrown where nothing is above it. A pool
    // thread still knows for which session it works; so a second crash costs nobody but whoever typed it.
    private static void Crash(Player player, string rest)
    {
        player.Send("Crashing.");
        ThreadPool.QueueUserWorkItem(_ => throw new InvalidOperationException($"{player.Name} typed 'crash'."));
    }
}
