using System.Globalization;
using System.Text.RegularExpressions;

namespace Talker.Demo;

/// <summary>What the talker tells its admins after a reboot.</summary>
internal sealed partial record RebootFigures(double Pause, int Kept, int Lost, int Generation, int Process)
{
    /// <exception cref="FormatException">The line is none of these.</exception>
    public static RebootFigures Parse(string line)
    {
        GroupCollection groups = Pattern().Match(line).Groups;
        return new RebootFigures(double.Parse(groups[1].Value, CultureInfo.InvariantCulture), Number(2), Number(3), Number(4), Number(5));

        int Number(int group) => int.Parse(groups[group].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"pause ([\d.]+) ms, (\d+) kept, (\d+) lost, generation (\d+), process (\d+)\.")]
    private static partial Regex Pattern();
}
